"""The operators' listener: health, metrics in both formats, and what each number counts."""

import json
import re
import threading

import pytest
import requests
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as text_format
from support.eventually import eventually
from support.world import PASSWORD, vacancy

OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
TEXT = "text/plain; version=0.0.4; charset=utf-8"
# What Prometheus 2 sends.
PROMETHEUS = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"


@pytest.fixture(scope="module")
def server_options():
    return ["--ops-listen", "127.0.0.1:0", "--workers", "2", "--rate-limit", "sign_in=3/hour"]


@pytest.fixture(scope="module")
def ops(server):
    line = server.process.stdout.readline().decode()
    return re.search(r"http://[^/]+", line)[0]


@pytest.fixture
def metrics(ops):
    """The numbers now: {(sample, label values by name): value}."""
    def read():
        answer = requests.get(f"{ops}/metrics", timeout=10)
        assert answer.status_code == 200
        return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value
                for family in text_format(answer.text) for sample in family.samples}
    return read


def number(samples, name, **labels):
    """The sum of the samples of that name that have these labels."""
    wanted = set(labels.items())
    found = [value for (sample, has), value in samples.items() if sample == name and wanted <= set(has)]
    assert found, (name, labels)
    return sum(found)


def test_health(ops):
    for path in ("/livez", "/readyz"):
        answer = requests.get(ops + path, timeout=10)
        assert (answer.status_code, answer.json(), answer.headers["Cache-Control"]) == (200, {"status": "ok"}, "no-store")
        assert requests.head(ops + path, timeout=10).status_code == 200


@pytest.mark.parametrize("accept, content_type, parse", [
    (None, TEXT, text_format), ("*/*", TEXT, text_format), ("text/plain", TEXT, text_format),
    ("application/openmetrics-text", OPEN_METRICS, open_metrics), (PROMETHEUS, OPEN_METRICS, open_metrics),
])
def test_formats(ops, accept, content_type, parse):
    """Both are read by the library that Prometheus' own clients come with, to the last line."""
    answer = requests.get(f"{ops}/metrics", headers={"Accept": accept, "Accept-Encoding": None}, timeout=10)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, content_type)
    assert answer.headers["Cache-Control"] == "no-store" and "ETag" not in answer.headers
    families = list(parse(answer.text))
    assert len(families) > 50 and all(family.documentation for family in families)
    assert answer.text.endswith("# EOF\n") == (content_type == OPEN_METRICS)
    names = [family.name for family in families]
    assert len(names) == len(set(names))


def test_no_other_format(ops):
    answer = requests.get(f"{ops}/metrics", headers={"Accept": "text/html"}, timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")


@pytest.mark.parametrize("method, path, status, code", [
    ("POST", "/metrics", 405, "method_not_allowed"), ("DELETE", "/livez", 405, "method_not_allowed"),
    ("GET", "/v1/jobs", 404, "not_found"), ("GET", "/", 404, "not_found"), ("GET", "/metrics/", 404, "not_found"),
    ("GET", "/metrics%2f", 404, "not_found"),
])
def test_nothing_else_is_there(ops, method, path, status, code):
    answer = requests.request(method, ops + path, data=b"x" if method == "POST" else None, timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers.get("Allow") == ("GET, HEAD" if status == 405 else None)


def test_the_public_listener_has_no_metrics(api):
    api.get("/metrics").expect(404, "not_found")


def test_requests_are_counted_by_operation(api, metrics):
    before = metrics()
    for _ in range(5):
        api.get("/v1/taxonomies/roles").expect(200)
    api.get("/v1/taxonomies/colours").expect(400, "invalid_parameter")
    api.get("/v1/nothing").expect(404, "not_found")

    def counted(name, **labels):
        after = metrics()
        return number(after, name, **labels) - sum(
            value for (sample, has), value in before.items() if sample == name and set(labels.items()) <= set(has))

    requests_total = "segreteria_http_requests_total"
    eventually(lambda: counted(requests_total, operation="taxonomies_get", status="2xx") == 5, "five answers")
    assert counted(requests_total, operation="taxonomies_get", status="4xx") == 1
    eventually(lambda: counted(requests_total, operation="none", status="4xx") == 1, "the last is counted, too")
    assert counted("segreteria_http_request_duration_seconds_count") == 7
    assert counted("segreteria_http_request_duration_seconds_bucket", le="+Inf") == 7
    assert 0 < counted("segreteria_http_request_seconds_total", operation="taxonomies_get") < 5
    assert counted("segreteria_http_sent_bytes_total") > 0


def test_latency_buckets_grow(metrics):
    samples = metrics()
    for worker in "01":
        buckets = sorted((float(dict(has)["le"]), value) for (name, has), value in samples.items()
                         if name == "segreteria_http_request_duration_seconds_bucket" and dict(has)["worker"] == worker)
        assert len(buckets) == 15 and buckets[-1][0] == float("inf")
        assert [value for _, value in buckets] == sorted(value for _, value in buckets)


def test_connections_of_each_worker(server, metrics):
    before = metrics()
    clients = [server.client() for _ in range(20)]
    for client in clients:
        client.get("/livez").expect(200)
    after = metrics()
    assert number(after, "segreteria_http_connections") - number(before, "segreteria_http_connections") == 20
    assert number(after, "segreteria_http_connections_accepted_total") - number(
        before, "segreteria_http_connections_accepted_total") == 20
    assert {dict(has)["worker"] for name, has in after if name == "segreteria_http_connections"} == {"0", "1"}
    for client in clients:
        client.close()
    eventually(lambda: number(metrics(), "segreteria_http_connections") <= number(before, "segreteria_http_connections"),
               "the connections are gone")


def test_lanes(metrics, company, world):
    eventually(lambda: number(metrics(), "segreteria_lane_connections", lane="write") == 24, "every connection")
    before = metrics()
    world.job(company)
    after = metrics()
    for lane, connections in (("read", 1), ("write", 12), ("slow", 1)):
        assert number(after, "segreteria_lane_connections", lane=lane) == 2 * connections
        assert number(after, "segreteria_lane_connected_total", lane=lane) == 2 * connections
        assert number(after, "segreteria_lane_waiting", lane=lane) == 0
    assert number(after, "segreteria_lane_calls_total", lane="write") > number(before, "segreteria_lane_calls_total", lane="write")
    assert number(after, "segreteria_lane_connections_lost_total") == 0


def test_search(metrics, company, world, database):
    eventually(lambda: number(metrics(), "segreteria_search_ready") == 1, "the index")
    before = metrics()
    jobs = [world.job(company, title=f"Centralinista {n}") for n in range(3)]
    for _ in range(4):
        world.client.get("/v1/jobs", params={"q": "centralinista", "total": "none", "fields": "id"}).expect(200)
    after = metrics()
    rose = {name: number(after, name) - number(before, name) for name in (
        "segreteria_search_vacancies", "segreteria_search_changes_applied_total", "segreteria_search_changes_read_total")}
    assert rose["segreteria_search_vacancies"] == 3 and min(rose.values()) >= 3
    assert number(after, "segreteria_search_vacancies") == database.value("select count(*) from job_search")
    hits = number(after, "segreteria_answers_kept_hits_total") - number(before, "segreteria_answers_kept_hits_total")
    searches = {by: number(after, "segreteria_searches_total", by=by) - number(before, "segreteria_searches_total", by=by)
                for by in ("index", "postgresql")}
    assert searches["index"] >= 1 and searches["postgresql"] == 0 and searches["index"] + hits == 4
    assert number(after, "segreteria_search_live") == 1 and number(after, "segreteria_search_over_limit") == 0
    assert number(after, "segreteria_search_segments") >= 1 and number(after, "segreteria_search_index_bytes") > 0
    assert number(after, "segreteria_search_memory_limit_bytes") == 1024 ** 3
    assert 0 <= number(after, "segreteria_search_reading_age_seconds") < 30
    assert number(after, "segreteria_search_loads_total") == 1
    company.client.patch(f"/v1/jobs/{jobs[0]['id']}", {"status": "closed", "close_reason": "cancelled"}).expect(200)
    assert number(metrics(), "segreteria_search_vacancies") == number(after, "segreteria_search_vacancies") - 1


def test_rate_limits(metrics, world, server):
    before = number(metrics(), "segreteria_rate_limit_refusals_total", **{"class": "sign_in"})
    statuses = [server.client().post("/v1/sessions", {"email": "nobody@example.org", "password": PASSWORD}).status
                for _ in range(6)]
    refused = statuses.count(429)
    assert refused > 0
    assert number(metrics(), "segreteria_rate_limit_refusals_total", **{"class": "sign_in"}) - before == refused


def test_chores_and_mail(metrics, database):
    eventually(lambda: number(metrics(), "segreteria_chore_runs_total", chore="jobs_expire") >= 1, "a chore was done", 20)
    samples = metrics()
    assert number(samples, "segreteria_chore_failures_total") == 0
    assert number(samples, "segreteria_chore_last_success_timestamp_seconds", chore="jobs_expire") > 1.7e9
    database.query("insert into outbox (template, to_address, lang, state, ended_at) select 'x', 'a@example.org', 'it', 'dead', now() "
                   "from generate_series(1, 3)")
    dead = database.value("select count(*) from outbox where state = 'dead'")
    eventually(lambda: number(metrics(), "segreteria_mail_dead") == dead, "messages given up are counted", 40)
    assert number(metrics(), "segreteria_mail_waiting") >= 0 and number(metrics(), "segreteria_tables_counted_timestamp_seconds") > 1.7e9


def test_process_and_build(metrics, server):
    samples = metrics()
    assert number(samples, "segreteria_build_info") == 1
    (labels,) = [dict(has) for name, has in samples if name == "segreteria_build_info"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", labels["version"])
    assert abs(number(samples, "process_resident_memory_bytes") - server.memory()) < 64 << 20
    assert number(samples, "process_cpu_seconds_total") > 0 and number(samples, "process_open_fds") > 10
    assert number(samples, "process_start_time_seconds") > 1.7e9
    assert number(samples, "segreteria_ready") == 1 and number(samples, "segreteria_workers_ready") == 2
    assert number(samples, "segreteria_password_queue") == 0 and number(samples, "segreteria_password_queue_limit") > 0


def test_how_many_series_there_can_be(metrics, world, company, api):
    """What is asked does not make more of them: no label holds anything of a request."""
    for n in range(30):
        api.get(f"/v1/jobs/{n}")
        api.get("/v1/jobs", params={"q": f"parola{n}", "city": f"Citta{n}"}).expect(200)
    samples = metrics()
    assert len(samples) < 2000
    text = json.dumps([list(key) for key in samples])
    for private in (company.id, company.email, "parola", "Citta", "Fumagalli", "127.0.0.1"):
        assert private not in text
    # Three series an operation, and two a status class that occurred.
    operations = {dict(has)["operation"] for name, has in samples if name == "segreteria_http_request_seconds_total"}
    assert {"jobs_list", "none", "members_delete"} <= operations


def test_while_workers_are_busy(ops, world, company):
    """It has a thread of its own: asked while every worker has work, and by many at once."""
    stop = threading.Event()

    def work():
        client = company.client.as_(company.token)
        while not stop.is_set():
            client.post("/v1/jobs", vacancy(status="draft"))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(50):
            assert requests.get(f"{ops}/metrics", timeout=10).status_code == 200
    finally:
        stop.set()
        for thread in threads:
            thread.join()
