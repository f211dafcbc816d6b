"""The fixtures of the steps' tests, for the checks of the exercises."""

pytest_plugins = ['conftest']
