// Node: the target is `fetch`, its fetch (undici), or `http2`, its HTTP/2 library. Arguments and output: common.py.

import http2 from "node:http2";

const [target, url, form, ...lines] = process.argv.slice(2);
const headers = lines.map((line) => [line.slice(0, line.indexOf(": ")), line.slice(line.indexOf(": ") + 2)]);
if (form) headers.push(["Content-Type", "application/x-www-form-urlencoded"]);
const method = form ? "POST" : "GET";

async function withFetch() {
  const answer = await fetch(url, { method, headers, body: form || undefined });
  return { status: answer.status, protocol: "HTTP/1.1", body: await answer.text() };
}

function withHttp2() {
  return new Promise((resolve, reject) => {
    const { origin, pathname, search } = new URL(url);
    const session = http2.connect(origin, { rejectUnauthorized: false });
    session.on("error", reject);
    const own = Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value]));
    const request = session.request({ ":method": method, ":path": pathname + search, ...own });
    let status;
    let body = "";
    request.setEncoding("utf8");
    request.on("response", (answer) => (status = answer[":status"]));
    request.on("data", (part) => (body += part));
    request.on("error", reject);
    request.on("end", () => {
      session.close();
      resolve({ status, protocol: "HTTP/2", body });
    });
    request.end(form || undefined);
  });
}

try {
  console.log(JSON.stringify(await (target === "http2" ? withHttp2() : withFetch())));
} catch (error) {
  console.error(`${error}: ${error.cause ?? ""}`);
  process.exit(1);
}
