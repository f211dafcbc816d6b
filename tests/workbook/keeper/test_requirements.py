"""What is asked of a package is asked of it everywhere."""

import collections
import configparser
import subprocess
import tomllib

from packaging.requirements import Requirement

import toxfile
from workbook.layout import ROOT


def files(pattern):
    """Return the files of that name that git keeps, or would."""
    command = ['git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard']
    listed = subprocess.run([*command, pattern], cwd=ROOT, capture_output=True)
    names = sorted(set(listed.stdout.decode().split('\0')) - {''})
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def asked():
    """Yield what is asked for, line by line, each with where that is done."""
    for path in files('*requirements*.txt'):
        for line in path.read_text(encoding='utf-8').splitlines():
            yield path, line
    for path in files('*pyproject.toml'):
        told = tomllib.loads(path.read_text(encoding='utf-8'))
        project = told.get('project', {})
        groups = [project.get('dependencies', [])]
        groups += project.get('optional-dependencies', {}).values()
        groups.append(told.get('build-system', {}).get('requires', []))
        yield from ((path, line) for group in groups for line in group)
    for path in files('*exercise.toml'):
        told = tomllib.loads(path.read_text(encoding='utf-8'))
        yield from ((path, line) for line in told.get('requirements', []))
    for path in files('*tox.ini'):
        parser = configparser.ConfigParser(interpolation=None)
        parser.read(path, encoding='utf-8')
        for section in parser.values():
            for key in ('requires', 'deps'):
                lines = section.get(key, '').splitlines()
                yield from ((path, line) for line in lines)
    for _, settings in toxfile.environments([]):
        for line in settings.get('deps', []):
            yield ROOT / 'toxfile.py', line


def test_one_bound_for_each_package():
    """Wherever a package is asked for, it is from the same release on."""
    bounds = collections.defaultdict(lambda: collections.defaultdict(set))
    for path, line in asked():
        if line.strip() and line[0] not in '#-':
            wanted = Requirement(line)
            place = path.relative_to(ROOT).as_posix()
            bounds[wanted.name.lower()][str(wanted.specifier)].add(place)
    assert {'falcon', 'pytest', 'ruff', 'hatchling', 'hypercorn', 'uv'} <= bounds.keys()
    for name, found in bounds.items():
        assert len(found) == 1, f'{name}: {dict(found)}'
        assert next(iter(found)).startswith('>='), f'{name}: {dict(found)}'
