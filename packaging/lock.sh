#!/usr/bin/env bash
# Writes requirements.lock (to run) and requirements-dev.lock (to test as well): versions and checksums, no addresses.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
/usr/bin/python3 -m venv "$tools"
"$tools/bin/pip" --quiet --disable-pip-version-check install pip-tools
export CUSTOM_COMPILE_COMMAND="make lock"
compile() {
	"$tools/bin/pip-compile" --quiet --upgrade --generate-hashes --strip-extras --allow-unsafe --no-annotate --build-deps-for editable \
		--no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options "$@" pyproject.toml
}
compile --output-file requirements.lock
compile --extra dev --constraint requirements.lock --output-file requirements-dev.lock
