"""The queries of envoy/dashboards/layerprint.json, as Grafana would send them."""

import json
import re

from engine import ROOT

FILE = ROOT / "envoy/dashboards/layerprint.json"
VARIABLES = {"$route": ".*", "$listener": "ingress", "$__rate_interval": "1m", "$__range": "10m"}
# What is no more than zero where all is well, or where nothing of it happened.
MAY_BE_ZERO = r"layerprint_(errors|memory|slowed|slow_overflow|proxy_differs)\b|vm_reload"


def queries():
    """Each query, and its panel's title."""
    for panel in json.loads(FILE.read_text())["panels"]:
        for target in panel.get("targets", []):
            yield filled_in(target["expr"]), panel["title"]


def filled_in(query):
    # The longest name first: one can be the beginning of another.
    for name in sorted(VARIABLES, key=len, reverse=True):
        query = query.replace(name, VARIABLES[name])
    assert "$" not in query, query
    return query


def may_be_zero(query):
    return re.search(MAY_BE_ZERO, query) is not None
