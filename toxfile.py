"""Most of the environments, many once per step; tox reads this beside tox.ini."""

import os
import pathlib
import re
import sys
from collections.abc import Iterable, Iterator
from typing import cast

from tox.config.loader.memory import MemoryLoader
from tox.config.sets import ConfigSet
from tox.config.types import Command, EnvList
from tox.plugin import impl
from tox.report import HandledError
from tox.session.state import State

from workbook import suites
from workbook.book import exercises
from workbook.layout import BOOK, ROOT, Step, steps

STEPS = steps()
PYTHONS = ['py311', 'py312', 'py313']
EMBEDDED_REDIS = 'fakeredis>=2.40'
RESOLUTIONS = {'lowest': 'lowest-direct', 'newest': 'highest'}

Settings = dict[str, object]


def relative(path: pathlib.Path) -> str:
    """Return a path as seen from the top of the repository, where tox runs."""
    return path.relative_to(ROOT).as_posix()


def dependencies(*chosen: Step) -> list[str]:
    """Return what the steps' snapshots depend on, each once.

    It is named beside the snapshots, although they bring it along, so that tox
    notices when a pyproject.toml changes.
    """
    return list(dict.fromkeys(name for step in chosen for name in step.dependencies))


def test_requirements(*chosen: Step) -> list[str]:
    """Return the requirements files of the steps' tests."""
    folders = [ROOT / 'tests', *(step.tests for step in chosen)]
    files = [folder / 'requirements.txt' for folder in folders]
    return [f'-r {relative(file)}' for file in files if file.exists()]


def tool(module: str, *arguments: str) -> Command:
    """Return the command that runs one of the workbook's own programs."""
    return Command(['python', '-m', f'workbook.{module}', *arguments])


def in_one_word(option: str, arguments: list[str]) -> list[str]:
    """Return arguments with an option and its value in one, as in --app=PATH."""
    found: list[str] = []
    for argument in arguments:
        if found and found[-1] == option:
            found[-1] = f'{option}={argument}'
        else:
            found.append(argument)
    return found


def test_settings(step: Step, arguments: list[str]) -> Settings:
    """Return the settings of `tox -e stepN`: its tests, and those before it."""
    so_far = [*step.before, step]
    snapshot = relative(step.snapshot)
    folders = suites.test_folders(step)
    # So pytest knows the folder before it reads what declares the option.
    arguments = in_one_word('--app', arguments)
    chosen = [f'--app={snapshot}']
    if any(argument.startswith('--app=') for argument in arguments):
        chosen = []
    # Whoever adds options wants to look closely, as with -s; or to run a part, which
    # covers no more than a part; or to say this anew.
    if not arguments:
        chosen += [f'--cov={snapshot}/asgilook', '--numprocesses=2', '--dist=loadfile']
    return {
        'description': f'test {step.name}, including the tests of the steps before it',
        'deps': [f'-e {snapshot}', *dependencies(step), *test_requirements(*so_far)],
        'pass_env': ['CI'],
        'commands': [Command(['pytest', *chosen, *folders, *arguments])],
    }


def python_settings(arguments: list[str]) -> Settings:
    """Return the settings of `tox -e py312`, and of the other Pythons.

    On the Python that tox runs on, `tox` runs every step's whole suite. Here each step
    has its own tests only, and the last step has them all.
    """
    *others, last = STEPS
    runs = [(step, [relative(step.tests)]) for step in others]
    runs.append((last, suites.test_folders(last)))
    options = arguments or ['--quiet', '--numprocesses=2', '--dist=loadfile']
    return {
        'description': 'test the steps on that Python, each with its own tests',
        'deps': [*dependencies(*STEPS), *test_requirements(*STEPS)],
        'pass_env': ['CI'],
        'commands': [
            Command(['pytest', f'--app={relative(step.snapshot)}', *folders, *options])
            for step, folders in runs
        ],
    }


def resolution_settings(which: str, python: str, arguments: list[str]) -> Settings:
    """Return the settings of `tox -e lowest` or `newest`: all steps' suites.

    Each is run in an environment of its own, which uv makes for the occasion.
    """
    uv = ['uv', 'run', '--isolated', '--no-project', '--python', python]
    uv += ['--resolution', RESOLUTIONS[which], '--prerelease', 'disallow']
    commands = []
    for step in STEPS:
        settings = test_settings(step, arguments)
        needed = [('--with', name) for name in step.dependencies]
        for line in cast(list[str], settings['deps']):
            kind, _, name = line.rpartition(' ')
            options = {'-e': '--with-editable', '-r': '--with-requirements'}
            needed += [(options[kind], name)] if kind else []
        [pytest] = cast(list[Command], settings['commands'])
        options_of_step = [word for pair in needed for word in pair]
        commands.append(Command([*uv, *options_of_step, *pytest.args]))
    return {
        'description': f'test each step with the {which} releases it allows',
        'deps': ['uv>=0.10'],
        'pass_env': ['CI', 'UV_*'],
        'set_env': {'UV_PYTHON_DOWNLOADS': 'never'},
        'commands': commands,
        # One step's failure says nothing of the next.
        'ignore_errors': True,
    }


def serve_settings(step: Step, arguments: list[str]) -> Settings:
    """Return the settings of `tox -e serveN`."""
    return {
        'description': f'serve {step.name} on port 8000',
        'deps': [
            f'-e {relative(step.snapshot)}',
            *dependencies(step),
            *([EMBEDDED_REDIS] if step.uses_redis else []),
        ],
        'pass_env': ['ASGI_LOOK_*'],
        'set_env': {'PYTHONUNBUFFERED': '1'},
        'commands': [tool('reader.serve', str(step.number), *arguments)],
        # Ctrl-C reaches uvicorn by itself; a second signal would make it give up
        # the requests that are under way. So tox waits this long with its own.
        'suicide_timeout': 10.0,
        'interrupt_timeout': 5.0,
    }


def types_settings(arguments: list[str]) -> Settings:
    """Return the settings of `tox -e types`: each snapshot on its own."""
    checked = [relative(step.snapshot / 'asgilook') for step in STEPS]
    return {
        'description': 'check the types of each snapshot, and of the tools',
        'deps': [*dependencies(*STEPS), '-r workbook/requirements/types.txt'],
        'commands': [
            *(
                Command(['mypy', '--cache-dir', f'.mypy_cache/{index}', path])
                for index, path in enumerate(checked)
            ),
            Command(['mypy', 'toxfile.py', 'workbook', *arguments]),
        ],
    }


def workbook_settings(arguments: list[str]) -> Settings:
    """Return the settings of `tox -e workbook`."""
    everything = ['tests/workbook', 'tests/examples']
    everything += ['--numprocesses=2', '--dist=loadfile', '--no-loadscope-reorder']
    return {
        'description': 'test the workbook itself: how its steps fit, and its tools',
        'deps': [
            *dependencies(*STEPS),
            *test_requirements(*STEPS),
            '-r tests/workbook/requirements.txt',
        ],
        'pass_env': ['CI'],
        'commands': [Command(['pytest', *(arguments or everything)])],
    }


def forward_settings(arguments: list[str]) -> Settings:
    """Return the settings of `tox -e forward`."""
    return {
        'description': 'carry an edit of one step on to the later ones',
        'commands': [tool('keeper.forward', *arguments)],
    }


def exercises_settings(arguments: list[str]) -> Settings:
    """Return the settings of `tox -e exercises`."""
    return {
        'description': 'test the exercises: each check fails, then passes once solved',
        'deps': [
            *dependencies(*STEPS),
            *test_requirements(*STEPS),
            *exercises.requirements(exercises.exercises()),
            '-r workbook/requirements/exercises.txt',
        ],
        'pass_env': ['CI'],
        'commands': [tool('keeper.verify_exercises', *arguments)],
    }


def bench_settings(step: Step, arguments: list[str]) -> Settings:
    """Return the settings of `tox -e bench`."""
    return {
        'description': f'measure {step.name} against bare Falcon and Pillow',
        'deps': [f'-e {relative(step.snapshot)}', *dependencies(step)],
        'commands': [tool('keeper.bench', *arguments)],
    }


def sphinx(program: str, *options: str) -> Command:
    """Return the command that builds the book, by Sphinx or what calls it."""
    doctrees = relative(BOOK.parent / 'doctrees')
    places = ['-b', 'html', '-d', doctrees, 'docs', relative(BOOK)]
    return Command(['python', '-m', program, *options, *places])


def book_settings(arguments: list[str]) -> Settings:
    """Return the settings of `tox -e book`: the pages, as soon as possible."""
    return {
        'description': 'build the book for reading, in seconds, without running labs',
        'deps': [*dependencies(STEPS[-1]), '-r docs/requirements.txt'],
        'commands': [
            sphinx('sphinx', '-q', '-j', 'auto', *arguments),
            tool('book.first_page', f'{relative(BOOK)}/index.html'),
        ],
    }


def docs_settings(arguments: list[str]) -> Settings:
    """Return the settings of `tox -e docs`: warnings are errors."""
    return {
        'description': 'run changed labs, build the book, and follow its links',
        'deps': [
            *dependencies(*STEPS),
            '-r docs/requirements.txt',
            '-r notebooks/requirements.txt',
        ],
        'set_env': {'IPYTHONDIR': str(ROOT / '.tox' / 'ipython')},
        'commands': [
            tool('keeper.notebooks'),
            sphinx('sphinx', '-W', '--keep-going', '-n', *arguments),
            tool('book.links', relative(BOOK)),
            tool('keeper.lengths', relative(BOOK)),
            tool('book.first_page', f'{relative(BOOK)}/index.html'),
        ],
    }


def epub_settings(arguments: list[str]) -> Settings:
    """Return the settings of `tox -e epub`: the e-book, checked."""
    places = ['-d', relative(BOOK.parent / 'epub-doctrees'), 'docs']
    builder = ['-W', '--keep-going', '-n', '-q', '-b', 'epub', *arguments]
    book = relative(BOOK.parent / 'epub')
    return {
        'description': 'make the book for e-readers, and check it',
        'deps': [
            *dependencies(STEPS[-1]),
            '-r docs/requirements.txt',
            '-r workbook/requirements/epub.txt',
        ],
        'commands': [
            Command(['python', '-m', 'sphinx', *builder, *places, book]),
            tool('book.ebook'),
        ],
    }


def linkcheck_settings(arguments: list[str]) -> Settings:
    """Return the settings of `tox -e linkcheck`, which needs the network."""
    places = ['docs', relative(BOOK.parent / 'linkcheck')]
    return {
        'description': "follow the book's links to other sites",
        'deps': [*dependencies(STEPS[-1]), '-r docs/requirements.txt'],
        'commands': [
            Command(
                ['python', '-m', 'sphinx', '-q', '-b', 'linkcheck', *arguments, *places]
            )
        ],
    }


def docs_live_settings(arguments: list[str]) -> Settings:
    """Return the settings of `tox -e docs-live`: for those who write the book."""
    places = ['steps', 'exercises', 'examples', 'notebooks', 'tests']
    watched = [f'--watch={place}' for place in places]
    return {
        'description': 'show the book in a browser, and build it again on each save',
        'deps': [
            *dependencies(STEPS[-1]),
            '-r docs/requirements.txt',
            'sphinx-autobuild>=2025.8',
        ],
        'commands': [
            sphinx(
                'sphinx_autobuild',
                *watched,
                r'--re-ignore=docs/labs/.*\.ipynb$',
                '--re-ignore=tests/workbook/',
                r'--re-ignore=(^|/)(__pycache__|\.ipynb_checkpoints|\.[^/]+_cache)(/|$)',
                '--port=8100',
                *arguments,
            )
        ],
        'suicide_timeout': 10.0,
    }


def transcripts_settings(arguments: list[str]) -> Settings:
    """Return the settings of `tox -e transcripts`: what the sessions need, and run."""
    return {
        'description': "run the book's sessions, and compare their output",
        'deps': [
            *dependencies(*STEPS),
            *test_requirements(*STEPS),
            '-r workbook/requirements/transcripts.txt',
            '-r workbook/requirements/check.txt',
        ],
        'pass_env': ['CI'],
        'commands': [
            Command(
                [
                    'python',
                    '-m',
                    'workbook.book.run_sessions',
                    *(arguments or ['check']),
                ]
            )
        ],
        'interrupt_timeout': 10.0,
    }


def browse_settings(arguments: list[str]) -> Settings:
    """Return the settings of `tox -e browse`."""
    return {
        'description': 'visit every page of the built book in a browser',
        'deps': ['-r workbook/requirements/browse.txt'],
        'depends': EnvList(['docs']),
        'commands': [tool('book.browse', *arguments)],
    }


def start_settings(arguments: list[str]) -> Settings:
    """Return the settings of `tox -e start`."""
    return {
        'description': 'create work/, a folder of your own, for the start of a chapter',
        'commands': [tool('reader.start', *arguments)],
    }


def check_settings(arguments: list[str]) -> Settings:
    """Return the settings of `tox -e check`: what any step needs is there."""
    return {
        'description': 'check your own code in work/, step by step',
        'deps': [
            *dependencies(*STEPS),
            *test_requirements(*STEPS),
            *exercises.requirements(exercises.exercises()),
            '-r workbook/requirements/check.txt',
        ],
        'pass_env': ['CI', 'COLUMNS', 'COLORTERM'],
        'commands': [tool('reader.check', *arguments)],
    }


def notebooks_settings(arguments: list[str]) -> Settings:
    """Return the settings of `tox -e notebooks`."""
    return {
        'description': 'run the labs from top to bottom, with their solutions',
        'deps': [*dependencies(*STEPS), '-r notebooks/requirements.txt'],
        'set_env': {'IPYTHONDIR': str(ROOT / '.tox' / 'ipython')},
        'commands': [tool('keeper.notebooks', *arguments)],
    }


def lab_settings(arguments: list[str]) -> Settings:
    """Return the settings of `tox -e lab`, which fetches no news."""
    app = [
        'default_url=/lab/tree/notebooks',
        'news_url=None',
        'check_for_updates_class=jupyterlab.NeverCheckForUpdate',
    ]
    return {
        'description': 'open the labs in JupyterLab',
        'deps': [*dependencies(*STEPS), '-r notebooks/requirements-lab.txt'],
        'pass_env': ['BROWSER', 'DISPLAY', 'WAYLAND_DISPLAY', 'XAUTHORITY'],
        'commands': [
            Command(
                ['jupyter', 'lab', '-y', *(f'--LabApp.{it}' for it in app), *arguments]
            )
        ],
        'suicide_timeout': 10.0,
        'interrupt_timeout': 5.0,
    }


def environments(arguments: list[str]) -> Iterator[tuple[str, Settings]]:
    """Yield the name and the settings of each environment that `tox list` shows."""
    for step in STEPS:
        yield f'step{step.number}', test_settings(step, arguments)
        yield f'serve{step.number}', serve_settings(step, arguments)
    for name in PYTHONS:
        yield name, python_settings(arguments)
    for which in RESOLUTIONS:
        yield which, resolution_settings(which, sys.executable, arguments)
    yield 'serve', serve_settings(STEPS[-1], arguments)
    yield 'start', start_settings(arguments)
    yield 'check', check_settings(arguments)
    yield 'types', types_settings(arguments)
    yield 'forward', forward_settings(arguments)
    yield 'bench', bench_settings(STEPS[-1], arguments)
    yield 'notebooks', notebooks_settings(arguments)
    yield 'lab', lab_settings(arguments)
    yield 'book', book_settings(arguments)
    yield 'docs', docs_settings(arguments)
    yield 'docs-live', docs_live_settings(arguments)
    yield 'epub', epub_settings(arguments)
    yield 'linkcheck', linkcheck_settings(arguments)
    yield 'transcripts', transcripts_settings(arguments)
    yield 'browse', browse_settings(arguments)
    yield 'workbook', workbook_settings(arguments)
    yield 'exercises', exercises_settings(arguments)


def on_each_python(arguments: list[str]) -> Iterator[tuple[str, Settings]]:
    """Yield what can be asked for on one Python, too, such as `tox -e py312-step5`."""
    for python in PYTHONS:
        for step in STEPS:
            yield f'{python}-step{step.number}', test_settings(step, arguments)
        for which in RESOLUTIONS:
            settings = resolution_settings(which, f'3.{python[3:]}', arguments)
            yield f'{python}-{which}', settings
        yield f'{python}-notebooks', notebooks_settings(arguments)


@impl
def tox_extend_envs() -> Iterable[str]:
    """Name the environments to tox."""
    return [name for name, _ in environments([])]


@impl
def tox_add_core_config(core_conf: ConfigSet, state: State) -> None:
    """Tell tox their settings, and which of all environments `tox` alone runs."""
    for name in getattr(state.conf.options, 'env', None) or []:
        refuse_unknown_step(name)
    arguments = list(state.conf.pos_args(None) or ())
    for name, settings in [*environments(arguments), *on_each_python(arguments)]:
        state.conf.memory_seed_loaders[name].append(MemoryLoader(**settings))
    everything = ['lint', 'types', *(f'step{step.number}' for step in STEPS)]
    everything += ['workbook', 'exercises', 'notebooks', 'docs']
    # The sessions are typed in a terminal that Windows has not got.
    everything += ['transcripts'] if os.name == 'posix' else []
    core_conf.loaders.insert(0, MemoryLoader(env_list=EnvList(everything)))


def refuse_unknown_step(name: str) -> None:
    """Say which steps there are, if the environment is of one that there is not."""
    match = re.fullmatch(r'(?:py\d+-)?(step|serve)(\d+)', name)
    if match and int(match[2]) not in [step.number for step in STEPS]:
        last = STEPS[-1].number
        raise HandledError(
            f'There is no step {match[2]}: they are numbered 1 to {last}. '
            f'Try `tox -e {match[1]}{last}`.'
        )
