"""What the suite publishes is as its schemas and stock parsers say: cases, and the reports of a run.

validate.py CONFORMANCE_FOLDER REPORTS_FOLDER
"""
import glob
import html.parser
import json
import os
import sys
import xml.etree.ElementTree

import jsonschema

conformance, reports = sys.argv[1:]
problems = []


def validator(name):
    with open(os.path.join(conformance, "schema", name), encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def judge(schema, document, where):
    for error in schema.iter_errors(document):
        problems.append(f"{where}: {error.json_path}: {error.message[:200]}")


cases = validator("case.schema.json")
paths = glob.glob(os.path.join(conformance, "cases", "**", "*.json"), recursive=True)
for path in paths:
    with open(path, encoding="utf-8") as file:
        judge(cases, json.load(file), path)
# The schema refuses what the program refuses.
for wrong in (
    {},
    {"title": "t", "steps": []},
    {"title": "t", "steps": [{"request": "GET /a"}]},
    {"title": "t", "steps": [{"request": "GET /a", "expect": {}}]},
    {"title": "t", "steps": [{"request": "GET /a", "expect": {"status": 200, "body": {"$patern": "a"}}}]},
    {"title": "t", "steps": [{"use": "a"}]},
    {"title": "t", "steps": [{"clock": {}}]},
    {"title": "t", "stepps": [], "steps": [{"use": "a", "as": "b"}]},
):
    if cases.is_valid(wrong):
        problems.append(f"case.schema.json accepts {wrong}")

events = validator("report.schema.json")
with open(os.path.join(reports, "report.jsonl"), encoding="utf-8") as file:
    lines = [json.loads(line) for line in file]
for number, line in enumerate(lines, 1):
    judge(events, line, f"report.jsonl:{number}")
results = [line for line in lines if line["event"] == "result"]
if [line["event"] for line in lines] != ["begin"] + ["result"] * len(results) + ["end"]:
    problems.append("report.jsonl: events are not in order")

suite = xml.etree.ElementTree.parse(os.path.join(reports, "junit.xml")).getroot().find("testsuite")
cases_in_junit = suite.findall("testcase")
if int(suite.get("tests")) != len(results) or len(cases_in_junit) != len(results):
    problems.append("junit.xml: does not count what it has")
for kind, element in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
    if int(suite.get(kind)) != sum(case.find(element) is not None for case in cases_in_junit):
        problems.append(f"junit.xml: {kind}")

badge = xml.etree.ElementTree.parse(os.path.join(reports, "badge.svg")).getroot()
if not badge.tag.endswith("}svg"):
    problems.append("badge.svg: is no SVG")


class Page(html.parser.HTMLParser):
    """Every element is closed, nothing comes from elsewhere, and every link leads to an id."""

    void = {"meta", "br"}

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.links = [], set(), set()

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag not in self.void:
            self.open.append(tag)
        if "src" in attrs or tag in ("link", "script"):
            problems.append(f"report.html: <{tag}> loads something")
        if "id" in attrs:
            self.ids.add(attrs["id"])
        if "href" in attrs:
            self.links.add(attrs["href"])

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            problems.append(f"report.html: </{tag}> closes nothing, line {self.getpos()[0]}")


page = Page()
with open(os.path.join(reports, "report.html"), encoding="utf-8") as file:
    page.feed(file.read())
page.close()
if page.open:
    problems.append(f"report.html: {page.open} stay open")
if not page.links or not all(link[1:] in page.ids for link in page.links):
    problems.append("report.html: a link leads nowhere")
if {result["id"] for result in results} != page.ids:
    problems.append("report.html: not every result has its place")

print(f"{len(paths)} cases, {len(results)} results")
print("\n".join(problems))
sys.exit(bool(problems))
