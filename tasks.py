"""The front door for Invoke: jesses's commands on its example product, and what its developers run."""

from ci import develop
from jesses.tasks import add_tasks, make_namespace

namespace = make_namespace(project="examples/kestrel")
add_tasks(namespace, develop.test, develop.lint, develop.lock, develop.workflows)
