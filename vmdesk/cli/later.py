"""Verbs that are loaded when they are run: no other verb pays for what they need."""

import argparse
import importlib
from typing import Any

from vmdesk.cli.session import Session


def load(module: str) -> Any:
    """A module of vmdesk.cli."""
    return importlib.import_module(f"vmdesk.cli.{module}")


async def run(module: str, session: Session, options: argparse.Namespace, what: str = "run") -> int:
    """Its function `what`; the exit code."""
    done: int = await getattr(load(module), what)(session, options)
    return done
