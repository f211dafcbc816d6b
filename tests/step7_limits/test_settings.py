"""Step 7: the limits are settings, read from the environment."""

import pytest

DEFAULTS = {
    'max_upload_bytes': 64 * 2**20,
    'upload_timeout': 60,
    'queue_timeout': 30,
    'convert_timeout': 10,
}
NAMES = [*DEFAULTS, 'pixel_budget']

pytestmark = pytest.mark.hint(
    'Each limit is a number in `Config`, with a default, and a variable of its name in '
    'capitals.',
    "`from_environment('ASGI_LOOK_MAX_UPLOAD_BYTES', 2**26)`: the default says whether "
    'it is an `int` or a `float`.',
    section='step7-bytes',
)


def test_defaults(module, monkeypatch):
    """Without a word in the environment, the limits are those of the book."""
    for name in NAMES:
        monkeypatch.delenv(f'ASGI_LOOK_{name.upper()}', raising=False)
    config = module('config').Config()
    assert {name: getattr(config, name) for name in DEFAULTS} == DEFAULTS
    assert config.pixel_budget > 0


@pytest.mark.parametrize('name', NAMES)
def test_environment(module, monkeypatch, name):
    """Each limit can be set in the environment; an empty variable sets nothing."""
    variable = f'ASGI_LOOK_{name.upper()}'
    monkeypatch.setenv(variable, '')
    default = getattr(module('config').Config(), name)
    monkeypatch.setenv(variable, '17')
    found = getattr(module('config').Config(), name)
    assert found == 17
    assert type(found) is type(default)


@pytest.mark.parametrize('text', ['junk', '-1', '0', 'nan', '1 MB'])
@pytest.mark.parametrize('name', NAMES)
def test_junk(module, monkeypatch, name, text):
    """A setting that is no number, or can be no limit, ends the start: by its name."""
    variable = f'ASGI_LOOK_{name.upper()}'
    monkeypatch.setenv(variable, text)
    with pytest.raises(ValueError, match=variable) as caught:
        module('config').Config()
    assert text in str(caught.value)


def test_fractions(module, monkeypatch):
    """Seconds may have fractions."""
    monkeypatch.setenv('ASGI_LOOK_CONVERT_TIMEOUT', '2.5')
    assert module('config').Config().convert_timeout == 2.5
