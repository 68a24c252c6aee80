"""Which configurations the schema accepts: a JSON array of them on stdin, a JSON array of true and false on stdout.

usage: schema.py SCHEMA.json
"""

import json
import sys

import jsonschema

with open(sys.argv[1], encoding="utf-8") as file:
    schema = json.load(file)
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
json.dump([validator.is_valid(value) for value in json.load(sys.stdin)], sys.stdout)
