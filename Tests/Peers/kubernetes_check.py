"""Holds Kubernetes manifests against the schemas of their kinds: those of Kubernetes itself (kubernetes-validate carries
them), strictly, so that a misspelt field is an error too; and a schema of ours for ServiceMonitor, which is not
Kubernetes' own.

    kubernetes_check.py SCHEMA_FOLDER FILE...

Prints every document as a line of JSON when all are right; complaints go to standard error, exit code 1."""

import json
import pathlib
import sys

import jsonschema
import kubernetes_validate
import yaml

VERSIONS = ("1.25", "1.37")


def complaints(document, schemas):
    kind = document.get("kind")
    own = schemas / f"{kind}.json"
    if own.exists():
        validator = jsonschema.Draft7Validator(json.loads(own.read_text()))
        yield from (f"{list(error.path)}: {error.message}" for error in validator.iter_errors(document))
        return
    for version in VERSIONS:
        try:
            kubernetes_validate.validate(document, version, strict=True)
        except (kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError) as error:
            yield f"{version}: {getattr(error, 'message', error)} {list(getattr(error, 'path', []))}"


def main():
    schemas, files = pathlib.Path(sys.argv[1]), sys.argv[2:]
    documents, failed = [], False
    for file in files:
        with open(file) as text:
            found = [document for document in yaml.safe_load_all(text) if document]
        if not found:
            print(f"{file}: no document", file=sys.stderr)
            failed = True
        for document in found:
            name = f"{document.get('kind')}/{document.get('metadata', {}).get('name')}"
            for complaint in complaints(document, schemas):
                print(f"{file}: {name}: {complaint}", file=sys.stderr)
                failed = True
        documents += found
    if failed:
        sys.exit(1)
    for document in documents:
        print(json.dumps(document))


main()
