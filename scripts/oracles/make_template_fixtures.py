"""Writes what jinja2, set up as transformers' `apply_chat_template` sets it up, makes of chat templates:

- test/fixtures/templates.json: of those and the conversations of test/tokenizer/templates.ts; null where one raises
- test/fixtures/micro-templates.json: of test/jinja/micro-templates.ts; for those that fail, whether as `syntax` or at `runtime`

Run in the repository's root where jinja2 (3.1.6) is installed: python3 scripts/oracles/make_template_fixtures.py
"""

import datetime
import json
import pathlib
import subprocess
import tempfile

import jinja2
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

FIXTURES = pathlib.Path("test/fixtures")
DATE = datetime.datetime(2025, 1, 5)


class Generation(Extension):
    """`{% generation %}` marks what the assistant says: a call whose text is that of its body."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_write"), [], [], body).set_lineno(line)

    def _write(self, caller):
        return caller()


def raise_exception(message):
    raise jinja2.TemplateError(message)


def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


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


def render_micro(template, variables):
    try:
        # a SyntaxError is Python's of the code that jinja2 makes: `break` outside a loop
        compiled = environment.from_string(template)
    except (jinja2.TemplateSyntaxError, SyntaxError):
        return {"fails": "syntax"}
    try:
        return compiled.render(**variables)
    except Exception:
        return {"fails": "runtime"}


def write(name, value):
    (FIXTURES / name).write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n")


with tempfile.TemporaryDirectory() as folder:
    subprocess.run(["node", "scripts/oracles/write-tokenizers.mjs", folder], check=True)
    cases = json.loads(pathlib.Path(folder, "templates.json").read_text())

write(
    "templates.json",
    {
        name: [
            [render(template, messages, request) for request in cases["requests"]]
            for messages in cases["conversations"]
        ]
        for name, template in cases["templates"].items()
    },
)
write(
    "micro-templates.json",
    {
        about: [render_micro(template, cases["microVariables"]) for template in templates]
        for about, templates in cases["microTemplates"].items()
    },
)
