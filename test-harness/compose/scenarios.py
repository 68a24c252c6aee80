"""What the WAF, the application and the metrics make of clients that come through Envoy. `run.py` starts the stack and sets STACK and
IMAGES."""

import json
import re
import time
import unittest

import dashboard
from engine import ROOT
from stack import eventually

STACK = IMAGES = None
SITE = "https://envoy:8443"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
LOGIN = ("user=me", "password=correct-horse")
FORGED = "allow;mode=enforce;agreement=clean;confidence=1.00;l4=0;l7=0;route=login;class=login"
HOSTILE_LOGIN, UNLIKE_ITS_CLAIM, CLEAN_LOGIN, NOT_OURS, NO_VERDICT = "77010", "77020", "77030", "77000", "77001"
# For how long the verifier believes a signature, and some more for clocks that differ.
BELIEVED_S = 60 + 10
CRS_WARNS, CRS_DENIES = "920220", "949110"
# Prometheus asks every five seconds.
SCRAPED_S = 6
PATIENCE_S = 120


class Audited:
    """What ModSecurity writes down of what is asked within: its transactions, and in each the rules that matched."""

    def __enter__(self):
        self.before = len(STACK.audited())
        return self

    def __exit__(self, *_):
        self.transactions = STACK.audited()[self.before :]

    @property
    def rules(self):
        return [[message["details"]["ruleId"] for message in one["messages"]] for one in self.transactions]

    def message(self, rule):
        messages = [message for one in self.transactions for message in one["messages"]]
        return next(message for message in messages if message["details"]["ruleId"] == rule)


def received(body, name):
    """The values of this header as they reached the application."""
    return [value for header, value in json.loads(body)["headers"] if header.lower() == name]


class Waf(unittest.TestCase):
    def test_a_hostile_login_is_denied_because_of_our_headers(self):
        with Audited() as audited:
            status, body = STACK.curl("-A", CHROME, f"{SITE}/login", "-d", "&".join(LOGIN))
        self.assertEqual(status, 403)
        self.assertNotIn("headers", body)
        self.assertEqual(audited.rules, [[HOSTILE_LOGIN]])
        data = audited.message(HOSTILE_LOGIN)["details"]["data"]
        self.assertIn("block;mode=observe;agreement=hostile;", data)
        for reason in ("os-tcp-ua;layer=4;", "tls-ua;layer=7;", "h2-ua;layer=7;"):
            self.assertIn(reason, data)

    def test_a_clean_login_passes_and_nothing_is_added_to_its_score(self):
        with Audited() as audited:
            status, body = STACK.browser("POST", f"{SITE}/login", *LOGIN)
        self.assertEqual(status, 200)
        self.assertIn(";agreement=clean;", received(body, "x-layerprint-verdict")[0])
        self.assertEqual(audited.rules, [[CLEAN_LOGIN]])
        self.assertEqual(audited.transactions[0]["response"]["http_code"], 200)

    def test_a_tool_that_says_what_it_is_may_log_in(self):
        with Audited() as audited:
            status, _ = STACK.curl(f"{SITE}/login", "-d", "&".join(LOGIN))
        self.assertEqual(status, 200)
        self.assertEqual(audited.rules, [[CLEAN_LOGIN]])

    def test_the_same_client_is_not_denied_where_there_is_no_login(self):
        with Audited() as audited:
            status, _ = STACK.curl("-A", CHROME, f"{SITE}/")
        self.assertEqual(status, 200)
        self.assertEqual(audited.rules, [[UNLIKE_ITS_CLAIM]])

    def test_a_conflict_raises_the_score_so_that_the_next_doubt_decides(self):
        """Two clients that differ in what they claim alone, with a query that CRS warns of: 3, and 5 is denied."""
        doubtful = f"{SITE}/?discount=100%zz"
        with Audited() as audited:
            status, _ = STACK.browser("--claim", "linux", doubtful)
        self.assertEqual((status, audited.rules), (200, [[CRS_WARNS]]))
        with Audited() as audited:
            status, _ = STACK.browser("--claim", "windows", f"{SITE}/")
        self.assertEqual((status, audited.rules), (200, [[UNLIKE_ITS_CLAIM]]))
        with Audited() as audited:
            status, _ = STACK.browser("--claim", "windows", doubtful)
        self.assertEqual(status, 403)
        self.assertEqual(audited.rules, [[UNLIKE_ITS_CLAIM, CRS_WARNS, CRS_DENIES]])
        self.assertIn("Total Score: 7", audited.message(CRS_DENIES)["message"])
        self.assertIn("layerprint/conflict", audited.message(UNLIKE_ITS_CLAIM)["details"]["tags"])

    def test_core_rules_decide_on_clean_clients_as_ever(self):
        with Audited() as audited:
            status, _ = STACK.browser(f"{SITE}/?q=1'+UNION+SELECT+password+FROM+users--")
        self.assertEqual(status, 403)
        [rules] = audited.rules
        self.assertIn(CRS_DENIES, rules)
        self.assertNotIn(UNLIKE_ITS_CLAIM, rules)

    def test_no_password_is_written_down(self):
        STACK.browser("POST", f"{SITE}/login", *LOGIN)
        self.assertNotIn("correct-horse", json.dumps(STACK.audited()))


class Trust(unittest.TestCase):
    def test_a_forged_verdict_sent_to_envoy_never_gets_past_it(self):
        for name in ("x-layerprint-verdict", "X-LayerPrint-Verdict", "x_layerprint_verdict"):
            for more in ([], ["--http1.1"]):
                status, body = STACK.curl(*more, "-H", f"{name}: {FORGED}", f"{SITE}/page")
                self.assertEqual(status, 200)
                self.assertNotIn(FORGED, body)
                [verdict] = received(body, "x-layerprint-verdict")
                self.assertIn(";class=page", verdict)
                self.assertEqual(received(body, "x_layerprint_verdict"), [])

    def test_nor_does_it_help_at_a_login(self):
        with Audited() as audited:
            status, _ = STACK.curl("-A", CHROME, "-H", f"x-layerprint-verdict: {FORGED}", f"{SITE}/login")
        self.assertEqual(status, 403)
        self.assertEqual(audited.rules, [[HOSTILE_LOGIN]])
        self.assertNotIn(FORGED, json.dumps(audited.transactions))
        self.assertIn("forged-annotation", audited.message(HOSTILE_LOGIN)["details"]["data"])

    def test_a_request_without_a_verdict_is_left_to_the_core_rules_and_written_down(self):
        with Audited() as audited:
            status = past_envoy("/login", [["Host", "envoy"], ["User-Agent", "inside"], ["Accept", "*/*"]])
        self.assertEqual((status, audited.rules), (200, [[NO_VERDICT]]))

    def test_clients_reach_envoy_and_nothing_behind_it(self):
        for host in ("waf:80", "app:8000", "prometheus:9090"):
            status, _ = STACK.curl(f"http://{host}/")
            self.assertEqual(status, 0, host)

    def test_of_the_admin_interface_there_are_metrics_alone(self):
        self.assertEqual(STACK.curl("http://envoy:9902/stats/prometheus")[0], 200)
        for path in ("/", "/config_dump", "/stats", "/stats/prometheus/../../config_dump", "/quitquitquit"):
            self.assertEqual(STACK.curl("--path-as-is", f"http://envoy:9902{path}")[0], 404, path)
        self.assertEqual(STACK.curl("-X", "POST", "http://envoy:9902/stats/prometheus")[0], 404)
        self.assertEqual(STACK.curl("http://envoy:9901/")[0], 0)


def past_envoy(path, headers, method="GET"):
    """The status of a request that the application's own container sends to the WAF."""
    program = (
        "import sys, json, http.client as h\n"
        "method, path, headers = json.loads(sys.argv[1])\n"
        "waf = h.HTTPConnection('waf')\n"
        "waf.putrequest(method, path, skip_host=True, skip_accept_encoding=True)\n"
        "[waf.putheader(name, value) for name, value in headers]\n"
        "waf.endheaders()\n"
        "print(waf.getresponse().status)\n"
    )
    said, _ = STACK.within("app", "python", "-c", program, json.dumps([method, path, headers]))
    return int(said)


class Signed(unittest.TestCase):
    """Who is inside and speaks to the WAF past Envoy, with what it has seen of requests that came through."""

    AGENT = ("-A", "inside/1.0")

    @classmethod
    def setUpClass(cls):
        # As it reached the application, which is as it reached the WAF.
        _, body = STACK.curl(*cls.AGENT, f"{SITE}/page?a=1")
        cls.seen = json.loads(body)["headers"]
        cls.seen_at = time.monotonic()

    def without(self, *names):
        return [pair for pair in self.seen if pair[0].lower() not in names]

    def refused(self, path, headers, because, **options):
        """Asserts that the WAF denies it, and why."""
        with Audited() as audited:
            status = past_envoy(path, headers, **options)
        self.assertEqual((status, audited.rules), (403, [[NOT_OURS]]))
        self.assertIn(because, audited.message(NOT_OURS)["details"]["data"])

    def test_what_envoy_has_signed_is_believed(self):
        names = [name.lower() for name, _ in self.seen]
        self.assertEqual((names.count("signature"), names.count("signature-input")), (1, 1))
        self.assertEqual(past_envoy("/page?a=1", self.seen), 200)

    def test_a_forged_verdict_sent_to_the_waf_fails_the_signature_check(self):
        for name in ("x-layerprint-verdict", "X-LayerPrint-Ja4", "x-layerprint-new"):
            headers = [["Host", "envoy"], ["User-Agent", "inside"], [name, FORGED]]
            self.refused("/login", headers, "annotations without a signature")

    def test_nor_can_it_be_signed_without_the_key(self):
        [signed] = [value for name, value in self.seen if name.lower() == "signature-input"]
        forged = [*self.without("signature"), ["Signature", f"layerprint=:{'A' * 43}=:"]]
        self.refused("/page?a=1", forged, "Signature did not match digest")
        other = signed.replace('keyid="compose"', 'keyid="other"')
        self.refused("/page?a=1", [*self.without("signature-input"), ["Signature-Input", other]], "resolve verification key")

    def test_no_part_of_what_is_signed_can_be_changed(self):
        self.refused("/page?a=1", [*self.without("x-layerprint-verdict"), ["x-layerprint-verdict", FORGED]], "did not match")
        self.refused("/page?a=1", [*self.seen, ["x-layerprint-verdict", FORGED]], "did not match")
        self.refused("/page?a=1", self.without("x-layerprint-id"), "'x-layerprint-id' is not there")
        self.refused("/page?a=1", [*self.seen, ["x-layerprint-new", FORGED]], "x-layerprint-new")
        self.refused("/page?a=1", self.without("signature", "signature-input"), "annotations without a signature")
        self.refused("/page?a=1", [pair for pair in self.seen if "layerprint" not in pair[0].lower()], "is not there")

    def test_a_copied_signature_is_good_for_no_other_request(self):
        for path in ("/page", "/page?a=2", "/login?a=1", "/page/?a=1"):
            self.refused(path, self.seen, "did not match")
        self.refused("/page?a=1", self.seen, "did not match", method="POST")
        self.refused("/page?a=1", [*self.without("host"), ["Host", "other"]], "did not match")

    def test_nobody_says_to_the_waf_what_the_verifier_has_said(self):
        for said in ("verified", 'verified;keyid="compose"'):
            headers = [["Host", "envoy"], ["X-Waf-Signature", said], ["x-layerprint-verdict", FORGED]]
            self.refused("/login", headers, "annotations without a signature")

    def test_odd_requests_through_envoy_are_signed_as_they_reach_the_waf(self):
        reached = 0
        for site in (SITE, "http://envoy:8080"):
            for odd in (
                ["/%7e/a%2fb/%zz?x=%20&y"],
                ["/caf\u00e9?q=\u00e9"],
                ["/a//b/./c/../d?e?f#g"],
                ["/?"],
                ["-X", "get", "/"],
                ["-H", "Host: ENVOY:8443", "/"],
                ["-H", "Host: envoy:443", "/"],
                ["-H", "Host: envoy:80", "/"],
                ["-H", "Host: [2001:DB8::1]:1", "/"],
                ["--data-binary", "a=1", "/?b=2"],
                ["--http1.1", "-H", "Transfer-Encoding: chunked", "-d", "a=1", "/"],
                ["--http1.1", "--path-as-is", "/.."],
                ["-I", "/"],
            ):
                *options, path = odd
                with Audited() as audited:
                    status, _ = STACK.curl(*options, f"{site}{path}")
                reached += status == 200
                with self.subTest(site=site, odd=odd, status=status):
                    self.assertNotIn(NOT_OURS, [rule for rules in audited.rules for rule in rules])
                    self.assertNotEqual(status, 500)
        # Some are denied by CRS or by Envoy itself.
        self.assertGreater(reached, 16)

    def test_what_clients_have_signed_stays_and_what_they_signed_in_our_name_goes(self):
        theirs = ['sig1=("@authority");created=1;keyid="a";tag="web-bot-auth"', "sig1=:YQ==:"]
        forged = ['layerprint=("@path");created=1;keyid="compose";tag="layerprint"', "layerprint=:YQ==:"]
        for sent, kept in (([theirs], theirs), ([theirs, forged], theirs), ([forged, theirs], theirs), ([["((", "="]], None)):
            fields = [("Signature-Input", "Signature")] * len(sent)
            sent = [f"{name}: {value}" for names, values in zip(fields, sent) for name, value in zip(names, values)]
            options = [option for line in sent for option in ("-H", line)]
            with self.subTest(sent):
                status, body = STACK.curl(*self.AGENT, *options, f"{SITE}/page")
                self.assertEqual(status, 200, body)
                [inputs], [signatures] = received(body, "signature-input"), received(body, "signature")
                self.assertEqual(inputs.count("layerprint=("), 1)
                begins = [f"{value}, layerprint=" for value in kept] if kept else ["layerprint=", "layerprint="]
                self.assertTrue(inputs.startswith(begins[0]) and signatures.startswith(begins[1]), (inputs, signatures))

    def test_where_the_verifier_is_gone_nothing_gets_through(self):
        STACK.compose("stop", "-t", "1", "verifier")
        try:
            self.assertEqual(past_envoy("/page?a=1", [["Host", "envoy"], ["x-layerprint-verdict", FORGED]]), 500)
        finally:
            STACK.compose("start", "verifier")
            STACK.wait_until_it_answers()


class Late(unittest.TestCase):
    """What was signed when `Signed` began."""

    def test_a_copied_signature_is_good_for_a_while_only(self):
        time.sleep(max(0, BELIEVED_S - (time.monotonic() - Signed.seen_at)))
        Signed("refused").refused("/page?a=1", Signed.seen, "exceeds maximum allowable age")


class Metrics(unittest.TestCase):
    """What Prometheus has after traffic; and after traffic that is as odd as clients can make it."""

    @classmethod
    def setUpClass(cls):
        cls.statuses = cls.send_traffic()
        time.sleep(SCRAPED_S)
        # A counter that appears with its first count has grown only when it counts again.
        cls.send_traffic()
        time.sleep(SCRAPED_S)

    @staticmethod
    def send_traffic():
        said, code = STACK.within("clients", "python", "traffic.py")
        assert code == 0, said
        return json.loads(said)

    @staticmethod
    def series():
        """layerprint's series: each a name and its labels."""
        found = STACK.query('{__name__=~"layerprint_.*"}')
        apart = ("__name__", "job", "instance")
        return {
            (one["metric"]["__name__"], tuple(sorted(pair for pair in one["metric"].items() if pair[0] not in apart)))
            for one in found
        }

    def test_the_traffic_meets_what_it_should(self):
        statuses = self.statuses
        self.assertEqual(list(statuses["people"]), ["200"])
        self.assertEqual(list(statuses["tools"]), ["200"])
        # At the login by the WAF, at the checkout by Envoy.
        self.assertEqual(statuses["liars"]["403"], 2)
        # Challenged once and wrong once; right once; then twice at the checkout.
        self.assertEqual(statuses["odd ones"], {"200": 5, "403": 2, "204": 1})

    def test_verdict_route_agreement_and_mode_are_labels(self):
        for query in (
            'layerprint_requests{verdict="block",route="login",agreement="hostile",mode="observe"}',
            'layerprint_requests{verdict="challenge",route="checkout",agreement="conflict",mode="enforce"}',
            'layerprint_requests{verdict="allow",route="default",agreement="clean",mode="observe"}',
            'layerprint_decisions{route="login",reason="limit",verdict="limit",mode="observe"}',
            'layerprint_findings{code="os-tcp-ua"}',
            'layerprint_evidence{kind="tcp",state="seen"}',
            'layerprint_limited{limit="logins",decided="observed"}',
            'layerprint_challenges{event="solved",route="checkout"}',
            'layerprint_challenge_failures{reason="work"}',
            'layerprint_clearances{state="valid"}',
            'layerprint_connections_by_stack{stack="linux"}',
            'layerprint_connections_by_tls{version="13",alpn="h2"}',
            "layerprint_forged_headers",
            "layerprint_connections_without_request",
        ):
            with self.subTest(query):
                values = [float(sample["value"][1]) for sample in STACK.query(query)]
                self.assertEqual(len(values), 1)
                self.assertGreater(values[0], 0)

    def test_every_series_is_documented_with_its_labels(self):
        tables, _, _ = (ROOT / "envoy/metrics.md").read_text().partition("## How many there are")
        rows = re.findall(r"(?m)^\| `(\w+)` \| (.*?) \|", tables)
        documented = {f"layerprint_{name}": tuple(sorted(re.findall(r"`(\w+)`", labels))) for name, labels in rows}
        for name, labels in self.series():
            self.assertEqual(documented.get(name), tuple(key for key, _ in labels), name)

    def odd_requests(self, n):
        """Requests that differ in all that a client can choose."""
        odd = f"x{n}"
        for address in (SITE, "http://envoy:8080"):
            STACK.curl("-A", f"agent-{odd}", "-H", f"x-{odd}: {odd}", "-e", f"https://{odd}/", f"{address}/{odd}?{odd}={odd}")
            STACK.curl("-X", f"M{odd.upper()}", "-b", f"c-{odd}={odd}", "-H", f"Host: {odd}.example", f"{address}/{odd}/login")
            STACK.curl("-H", f"x-layerprint-{odd}: {odd}", "-H", f"x-layerprint-verdict: {odd}", f"{address}/api/{odd}")
        STACK.curl("--connect-to", f"{odd}.example::envoy:8443", f"https://{odd}.example/")
        STACK.curl("-b", f"layerprint={odd}; __Host-layerprint={odd}", "-A", CHROME.replace("131", str(n)), f"{SITE}/checkout")
        STACK.curl("-X", "POST", "-H", f"layerprint-answer: {odd}", f"{SITE}/.layerprint/challenge")

    def test_no_client_makes_a_label(self):
        before = self.series()
        for n in (201, 202):
            self.odd_requests(n)
        time.sleep(SCRAPED_S)
        once = self.series()
        for n in range(203, 208):
            self.odd_requests(n)
        time.sleep(SCRAPED_S)
        self.assertEqual(self.series() - once, set())
        values = {value for _, labels in once for _, value in labels}
        self.assertEqual([value for value in values if re.search(r"x\d|example|agent", value)], [])
        self.assertLess(len(once), len(before) + 20)


class Dashboards(unittest.TestCase):
    """envoy/dashboards, asked of a Prometheus that has seen the traffic above."""

    def test_every_query_of_the_dashboard_answers(self):
        silent = dict(dashboard.queries())
        self.assertGreater(len(silent), 20)
        end = time.monotonic() + PATIENCE_S
        while silent and time.monotonic() < end:
            # What is asked is how much it was of late: somebody has to come again and again.
            Metrics.send_traffic()
            time.sleep(SCRAPED_S)
            silent = {query: title for query, title in silent.items() if not self.answers(query)}
        self.assertEqual(silent, {})

    @staticmethod
    def answers(query):
        values = [float(sample["value"][1]) for sample in STACK.query(query)]
        numbers = [value for value in values if value == value]
        return bool(numbers) and (dashboard.may_be_zero(query) or sum(numbers) > 0)

    def test_the_alert_rules_are_accepted_and_every_one_can_be_evaluated(self):
        said, code = STACK.within("prometheus", "promtool", "check", "rules", "/etc/prometheus/alerts.yaml")
        self.assertEqual(code, 0, said)
        rules = [rule for group in STACK.prometheus("rules")["groups"] for rule in group["rules"]]
        self.assertGreater(len(rules), 5)
        eventually(lambda: all(rule["health"] == "ok" for rule in self.rules()), "all rules are evaluated", self.rules)

    @staticmethod
    def rules():
        return [rule for group in STACK.prometheus("rules")["groups"] for rule in group["rules"]]


class Limits(unittest.TestCase):
    """The profile `limits`. Envoy is started anew for it, and so has forgotten who failed to log in."""

    def test_envoy_asks_the_rate_limit_service_about_logins(self):
        STACK.limit(IMAGES)
        # 10 in a minute; the public service's minutes begin with the clock's.
        statuses = [STACK.curl(f"{SITE}/login")[0] for _ in range(25)]
        self.assertEqual(statuses[:10], [200] * 10)
        self.assertIn(429, statuses)
        self.assertEqual(STACK.curl(f"{SITE}/")[0], 200)


# In this order: what is remembered of the traffic, logins that failed above all, would be held against the clients of the first.
IN_ORDER = (Waf, Trust, Signed, Metrics, Dashboards, Late, Limits)
