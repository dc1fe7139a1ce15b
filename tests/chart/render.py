"""Renders the chart and judges what comes out.

Reads a list of values from standard input, as JSON; writes for each the documents, or the error of Helm, as
JSON. With the argument `judge` it reads a list of documents instead, and only judges them. Documents of Kubernetes' own kinds are judged by its schemas, others by resources.json.
"""

import json
import pathlib
import sys

import helm_python
import jsonschema
import kubernetes_validate
import yaml

HERE = pathlib.Path(__file__).parent
CHART = HERE.parent.parent / "deploy/helm/paddock"
KUBERNETES = "1.37"


def judge(document: dict, others: dict) -> None:
    kind = f"{document['apiVersion']}/{document['kind']}"
    try:
        if kind in others:
            jsonschema.Draft202012Validator(others[kind]).validate(document)
        else:
            kubernetes_validate.validate(document, KUBERNETES, strict=True)
    except (jsonschema.ValidationError, kubernetes_validate.ValidationError) as error:
        where = "/".join(str(part) for part in error.path)
        sys.exit(f"{kind} {document['metadata']['name']}: {where}: {error.message}")
    except kubernetes_validate.SchemaNotFoundError:
        sys.exit(f"{kind}: there is no schema for it; add one to tests/chart/resources.json")


def render(chart: helm_python.Chart, values: dict, others: dict) -> dict:
    try:
        files = chart.render(values, name="paddock", namespace="llm", is_install=True)
    except helm_python.HelmError as error:
        return {"error": str(error)}
    documents = []
    for name, text in sorted(files.items()):
        if name.endswith(".yaml"):
            documents += [document for document in yaml.safe_load_all(text) if document]
    for document in documents:
        judge(document, others)
    return {"documents": documents}


def main() -> None:
    others = json.loads((HERE / "resources.json").read_text())["resources"]
    if sys.argv[1:] == ["judge"]:
        for document in json.load(sys.stdin):
            judge(document, others)
        return
    with helm_python.Chart.load(CHART) as chart:
        json.dump([render(chart, values, others) for values in json.load(sys.stdin)], sys.stdout)


main()
