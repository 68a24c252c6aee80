"""What the schemas of CustomResourceDefinitions say against manifests: {"definitions": [...], "manifests": [...]} on stdin, a JSON
array with the mistakes of each manifest on stdout.

Stricter than an API server, which drops unknown fields in silence: here they are mistakes. Rules in CEL (x-kubernetes-validations)
are not looked at.
"""

import json
import sys

import jsonschema


def strict(schema):
    """The schema, with unknown fields refused where Kubernetes would drop them."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("x-kubernetes-int-or-string"):
        return {"type": ["integer", "string"]}
    made = {key: strict(value) for key, value in schema.items() if key != "nullable"}
    # `properties` may itself hold a field of that name: only a schema has its type beside it.
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            made.setdefault("additionalProperties", False)
    return made


def schema_of(definition, version):
    for served in definition["spec"]["versions"]:
        if served["name"] == version:
            schema = strict(served["schema"]["openAPIV3Schema"])
            # These three every object has; definitions need not say so, and some do with a bare "object".
            schema["properties"] |= {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}}
            schema["additionalProperties"] = False
            return schema
    return None


def mistakes(manifest, definitions):
    group, _, version = manifest["apiVersion"].partition("/")
    for definition in definitions:
        spec = definition["spec"]
        if (spec["group"], spec["names"]["kind"]) == (group, manifest["kind"]):
            schema = schema_of(definition, version)
            if schema is None:
                return [f"{manifest['kind']} has no version {version}"]
            found = jsonschema.Draft202012Validator(schema).iter_errors(manifest)
            return [f"{error.json_path}: {error.message[:300]}" for error in found]
    return [f"nothing defines {manifest['kind']} of {group}"]


def main():
    given = json.load(sys.stdin)
    json.dump([mistakes(manifest, given["definitions"]) for manifest in given["manifests"]], sys.stdout)


main()
