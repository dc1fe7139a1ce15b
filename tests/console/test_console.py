"""The console in a browser, as each role. Run by a test of the command line against a real service, whose
demo has filled it."""

import json
import os
import sqlite3
import sys
import traceback
import urllib.parse
import urllib.request

from harness import ADMIN, HOSTILE, URL, Visitor, browser


def call(method, path, body=None, key=ADMIN):
    request = urllib.request.Request(
        URL + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"authorization": f"Bearer {key}", "content-type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def make_key(name, role, namespace="support-bot"):
    return call("POST", "/v1/keys", {"name": name, "role": role, "namespace": namespace})


def some_request(key=ADMIN):
    return call("GET", "/v1/requests?limit=1", key=key)["data"][0]["id"]


PAGES = {
    "overview": "/console/",
    "usage": "/console/usage",
    "usage-by-tag": "/console/usage?group_by=tag&tag_key=team&metric=tokens&period=90d",
    "requests": "/console/requests",
    "refusals": "/console/requests?outcome=refused",
    "namespaces": "/console/namespaces",
    "namespace": "/console/namespaces/support-bot",
    "keys": "/console/keys",
    "models": "/console/models?q=gpt",
    "alerts": "/console/alerts",
    "namespace-alerts": "/console/alerts/support-bot",
    "audit": "/console/audit",
    "gateways": "/console/gateways",
    "account": "/console/account",
    "new-key": "/console/keys/new",
    "new-model": "/console/models/edit",
}
# What a role is refused.
REFUSED = {
    "operator": set(),
    "admin": {"gateways"},
    "developer": {"gateways", "alerts", "namespace-alerts"},
    "viewer": {"gateways", "alerts", "namespace-alerts"},
}


def every_page_for_every_role(started):
    keys = {"operator": ADMIN}
    for role in ("admin", "developer", "viewer"):
        keys[role] = make_key(f"pages-{role}", role)["key"]
    for role, key in keys.items():
        visitor = Visitor(started, scheme="dark" if role == "admin" else "light")
        visitor.log_in(key)
        for name, path in PAGES.items():
            status = visitor.open(path)
            text = visitor.text()
            if name in REFUSED[role]:
                assert status in (403, 404), (role, name, status)
            elif role == "operator" or name in ("usage", "overview", "requests", "keys", "account"):
                assert status == 200, (role, name, status, text)
            if role != "operator":
                for foreign in ("elsewhere-org", "elsewhere-space"):
                    assert foreign not in text, (role, name)
            visitor.healthy(accessible=role != "viewer")
        visitor.close()


def a_request_tells_its_story(started):
    visitor = Visitor(started)
    visitor.log_in(ADMIN)
    visitor.open("/console/requests?outcome=complete")
    visitor.page.locator("tbody a").first.click()
    text = visitor.text()
    for part in ("What decided", "line by line", "Booked", "namespace:"):
        assert part in text, text
    assert "do not come to" not in text, text
    visitor.healthy()
    visitor.close()


def keys_are_made_rotated_switched_and_deleted(started):
    visitor = Visitor(started)
    visitor.log_in(ADMIN)
    page = visitor.page
    visitor.open("/console/keys/new?namespace=search")
    page.get_by_label("Name", exact=False).first.fill("by-hand")
    page.get_by_label("Budget of a month ($)").fill("12.5")
    page.get_by_role("button", name="Create key").click()
    secret = page.locator("#secret").input_value()
    assert call("GET", "/v1/whoami", key=secret)["key"]["name"] == "by-hand"
    visitor.healthy()
    page.get_by_role("link", name="The key", exact=True).click()
    assert secret not in page.content()
    page.get_by_label("Budget of a month ($)").fill("-1")
    page.get_by_role("button", name="Save limits").click()
    assert page.get_by_role("alert").is_visible()
    assert page.get_by_label("Budget of a month ($)").input_value() == "-1"
    page.get_by_label("Budget of a month ($)").fill("7")
    page.get_by_role("button", name="Save limits").click()
    assert "Saved" in visitor.text()
    assert page.get_by_label("Budget of a month ($)").input_value() == "7"
    page.get_by_role("button", name="New secret").click()
    second = page.locator("#secret").input_value()
    assert second != secret
    page.get_by_role("link", name="The key", exact=True).click()
    page.get_by_role("button", name="Disable").click()
    assert "refused from now on" in visitor.text()
    page.get_by_role("button", name="Enable").click()
    assert "accepted again" in visitor.text()
    page.get_by_text("Delete …").click()
    page.get_by_label("Type the key's name").fill("another")
    page.get_by_role("button", name="Delete key").click()
    assert "was not deleted" in visitor.text()
    page.go_back()
    page.get_by_text("Delete …").click()
    page.get_by_label("Type the key's name").fill("by-hand")
    page.get_by_role("button", name="Delete key").click()
    page.wait_for_url("**/console/keys")
    assert "by-hand" not in visitor.text()
    changes = call("GET", "/v1/audit?action=key.&order=desc&limit=20")["data"]
    made = [entry["action"] for entry in changes if entry["key_name"] == "operator"]
    for action in ("key.create", "key.rotate", "key.disable", "key.delete"):
        assert action in made, made
    visitor.healthy()
    visitor.close()


def namespaces_models_and_alerts_are_changed(started):
    visitor = Visitor(started)
    visitor.log_in(ADMIN)
    page = visitor.page
    visitor.open("/console/namespaces")
    page.get_by_label("Name (required)").fill("by hand!")
    page.get_by_role("button", name="Create namespace").click()
    assert page.get_by_role("alert").is_visible()
    page.get_by_label("Name (required)").fill("by-hand")
    page.get_by_role("button", name="Create namespace").click()
    page.wait_for_url("**/console/namespaces/by-hand")
    page.get_by_label("Budget of a month ($)").fill("30")
    page.get_by_label("Labels").fill("team: web, cost_center: 7")
    page.get_by_role("button", name="Save limits").click()
    assert "Saved" in visitor.text()
    made = call("GET", "/v1/namespaces/by-hand")
    assert made["monthly_quota_usd"] == 30 and made["tags"] == {"team": "web", "cost_center": "7"}, made
    visitor.healthy()
    visitor.open("/console/alerts/by-hand")
    page.get_by_text("New alert").click()
    page.get_by_label("Name (required)").fill("half")
    page.get_by_label("Fires at (% of the budget)").fill("50")
    page.get_by_label("Then").select_option("throttle")
    page.get_by_role("button", name="Create alert").click()
    assert "half" in visitor.text(), visitor.text()
    page.get_by_text("New webhook").click()
    page.get_by_label("URL (required)").fill("https://93.184.216.34/hook")
    page.get_by_label("all of it is spent").check()
    page.get_by_role("button", name="Create webhook").click()
    assert page.locator("#secret").input_value().startswith("whsec_")
    visitor.healthy()
    visitor.open("/console/alerts/by-hand")
    for _ in range(2):
        page.get_by_role("button", name="Delete").first.click()
        page.wait_for_url("**done=saved")
        visitor.open("/console/alerts/by-hand")
    assert page.get_by_role("button", name="Delete").count() == 0
    visitor.open("/console/models/edit")
    page.get_by_label("Model (required)").fill("a-model")
    page.get_by_label("Input", exact=True).fill("1.5")
    page.get_by_label("Output", exact=True).fill("6")
    page.get_by_label("Provider (Envoy's cluster)").fill("openai")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/console/models?done=saved")
    made = call("GET", "/v1/prices/a-model")
    assert (made["input_usd_per_million"], made["output_usd_per_million"]) == (1.5, 6), made
    visitor.healthy()
    visitor.close()


def hostile_names_are_texts(started):
    visitor = Visitor(started)
    visitor.log_in(ADMIN)
    key = call(
        "POST",
        "/v1/keys",
        {"name": HOSTILE, "namespace": "support-bot", "environment": HOSTILE, "tags": {HOSTILE: HOSTILE}},
    )
    page = visitor.page
    for path in (
        "/console/keys",
        f"/console/keys/{key['id']}",
        "/console/namespaces/support-bot",
        "/console/audit",
    ):
        visitor.open(path)
        assert "{{7*7}}" in page.content(), path
        visitor.healthy(accessible=False)
    # In every field of every bar and form that can be filled in.
    for path in PAGES.values():
        visitor.open(path)
        fields = page.locator("main input[type=text]:not([readonly])")
        for number in range(fields.count()):
            field = fields.nth(number)
            if field.is_visible():
                field.fill(HOSTILE)
        search = page.get_by_role("search").get_by_role("button", name="Show")
        if search.count():
            search.first.click()
            visitor.healthy(accessible=False)
    for path in ("/console/usage", "/console/requests", "/console/keys", "/console/login"):
        for name in ("next", "q", "namespace", "group_by", "metric", "period", "cursor", "done", "model"):
            query = urllib.parse.urlencode({name: HOSTILE})
            visitor.open(f"{path}?{query}")
            visitor.healthy(accessible=False)
    visitor.close()
    call("DELETE", f"/v1/keys/{key['id']}")


def sessions_end(started):
    key = make_key("sessions", "developer")
    visitor, other = Visitor(started), Visitor(started)
    visitor.log_in(key["key"])
    other.log_in(key["key"])
    cookies = visitor.context.cookies()
    (cookie,) = [one for one in cookies if "paddock" in one["name"]]
    assert cookie["httpOnly"] and cookie["sameSite"] == "Strict", cookie
    assert key["key"] not in json.dumps(cookies)
    visitor.open("/console/account")
    visitor.page.get_by_role("button", name="Log out everywhere").click()
    visitor.page.get_by_label("API key").wait_for()
    other.open("/console/usage")
    assert "/console/login?next=" in other.page.url, other.page.url
    # The login leads to the page that was asked for.
    other.page.get_by_label("API key").fill(key["key"])
    other.page.get_by_role("button", name="Log in").click()
    other.page.wait_for_url("**/console/usage")
    # A key that is disabled ends what it began.
    call("POST", f"/v1/keys/{key['id']}/disable")
    other.open("/console/usage")
    assert "/console/login" in other.page.url
    other.page.get_by_label("API key").fill(key["key"])
    other.page.get_by_role("button", name="Log in").click()
    assert "disabled" in other.text()
    other.page.get_by_label("API key").fill("not-a-key-at-all")
    other.page.get_by_role("button", name="Log in").click()
    assert "Incorrect API key" in other.text()
    visitor.healthy()
    other.healthy()
    visitor.close()
    other.close()


def an_expired_login_leads_to_the_login(started):
    key = make_key("expiring", "developer")
    visitor = Visitor(started)
    visitor.log_in(key["key"])
    visitor.open("/console/keys")
    with sqlite3.connect(os.environ["PADDOCK_DATABASE"]) as database:
        expired = database.execute("UPDATE sessions SET expires_at = 1 WHERE owner = ?", [key["id"]])
        assert expired.rowcount == 1
    visitor.page.get_by_role("link", name="Usage").click()
    visitor.page.get_by_label("API key").wait_for()
    visitor.healthy()
    visitor.close()


def pages_fit_a_phone_and_need_no_script(started):
    visitor = Visitor(started, scheme="dark", width=360, script=False)
    visitor.log_in(ADMIN)
    for path in PAGES.values():
        assert visitor.open(path) == 200, path
    visitor.close()
    visitor = Visitor(started, width=360)
    visitor.log_in(ADMIN)
    for path in PAGES.values():
        visitor.open(path)
        visitor.healthy()
    visitor.close()


def both_themes_are_good_to_look_at(started):
    for scheme in ("light", "dark"):
        visitor = Visitor(started, scheme=scheme)
        visitor.log_in(ADMIN)
        for name in ("namespace", "usage", "overview"):
            visitor.open(PAGES[name])
            visitor.healthy()
        visitor.picture(f"console-{scheme}")
        visitor.close()


def the_csv_is_the_tables(started):
    visitor = Visitor(started)
    visitor.log_in(ADMIN)
    visitor.open("/console/usage?group_by=key")
    with visitor.page.expect_download() as download:
        visitor.page.get_by_text("as CSV").click()
    text = download.value.path().read_text()
    assert text.startswith("id,name,namespace,organization,requests,"), text[:80]
    assert "ide" in text and "web-chat" in text
    visitor.healthy()
    visitor.close()


TESTS = [
    every_page_for_every_role,
    a_request_tells_its_story,
    keys_are_made_rotated_switched_and_deleted,
    namespaces_models_and_alerts_are_changed,
    hostile_names_are_texts,
    sessions_end,
    an_expired_login_leads_to_the_login,
    pages_fit_a_phone_and_need_no_script,
    both_themes_are_good_to_look_at,
    the_csv_is_the_tables,
]


def main():
    call("POST", "/v1/organizations", {"name": "elsewhere-org"})
    call("POST", "/v1/namespaces", {"name": "elsewhere-space", "organization": "elsewhere-org"})
    failed = 0
    only = sys.argv[1:]
    with browser() as started:
        for test in TESTS:
            if only and test.__name__ not in only:
                continue
            try:
                test(started)
                print(f"ok {test.__name__}", flush=True)
            except Exception:
                failed += 1
                print(f"FAILED {test.__name__}\n{traceback.format_exc()}", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
