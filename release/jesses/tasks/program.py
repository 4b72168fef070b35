"""The command `jesses`: the same tasks as under Invoke, for a product without a tasks.py."""

from importlib.metadata import version

from invoke.program import Program

from jesses.tasks import namespace

program = Program(namespace=namespace, version=version("jesses"), name="jesses", binary="jesses")
