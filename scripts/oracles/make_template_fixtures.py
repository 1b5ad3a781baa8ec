"""Writes test/fixtures/templates.json: what jinja2, set up as transformers' `apply_chat_template` sets it up, makes of
the chat templates and conversations of test/tokenizer/templates.ts; null where the template raises an error.

Run in the repository's root where jinja2 is installed: python3 scripts/oracles/make_template_fixtures.py
"""

import datetime
import json
import pathlib
import subprocess
import tempfile

import jinja2
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

OUT = pathlib.Path("test/fixtures/templates.json")
DATE = datetime.datetime(2025, 1, 5)


class Generation(Extension):
    """`{% generation %}` marks what the assistant says and writes nothing itself."""

    tags = {"generation"}

    def parse(self, parser):
        next(parser.stream)
        return parser.parse_statements(["name:endgeneration"], drop_needle=True)


def raise_exception(message):
    raise jinja2.TemplateError(message)


def tojson(value, indent=None):
    return json.dumps(value, ensure_ascii=False, indent=indent)


environment = ImmutableSandboxedEnvironment(
    trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols]
)
environment.filters["tojson"] = tojson
environment.globals["raise_exception"] = raise_exception
environment.globals["strftime_now"] = DATE.strftime


def render(template, messages, request):
    variables = {"tools": None, "documents": None, "bos_token": "<s>", "eos_token": "</s>", **request["variables"]}
    try:
        return environment.from_string(template).render(
            messages=messages, add_generation_prompt=request["addGenerationPrompt"], **variables
        )
    except jinja2.TemplateError:
        return None


with tempfile.TemporaryDirectory() as folder:
    subprocess.run(["node", "scripts/oracles/write-tokenizers.mjs", folder], check=True)
    cases = json.loads(pathlib.Path(folder, "templates.json").read_text())

prompts = {
    name: [[render(template, messages, request) for request in cases["requests"]] for messages in cases["conversations"]]
    for name, template in cases["templates"].items()
}
OUT.write_text(json.dumps(prompts, ensure_ascii=False, indent=1) + "\n")
