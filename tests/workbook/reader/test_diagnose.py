"""Diagnoses: nothing is said against code that is right, and slips are told apart."""

import pytest

from workbook.book import exercises
from workbook.layout import copy_tree, steps
from workbook.reader.check import book, diagnose, structure

STEPS = {step.number: step for step in steps()}
ALL = exercises.exercises()


def sure(doctor):
    """Return all that would be called a cause."""
    return [*doctor.about_coroutines, *doctor.about_names]


@pytest.mark.parametrize('number', STEPS)
def test_snapshots_are_healthy(number):
    """Nothing is wrong with a snapshot, and it lacks nothing of itself."""
    doctor = diagnose.Doctor(STEPS[number].snapshot, STEPS[number])
    assert sure(doctor) + doctor.about_others == []
    assert diagnose.lacking(doctor.package, doctor.reference) == []
    there, count = diagnose.parts_typed(STEPS[number].snapshot, STEPS[number])
    assert there == count


@pytest.mark.parametrize(
    'step', [step for step in STEPS.values() if step.before], ids=lambda step: step.name
)
def test_where_it_was(step):
    """What a chapter moves isn't in the wrong place before the reader comes to that."""
    assert diagnose.Doctor(step.before[-1].snapshot, step).about_names == []


@pytest.mark.parametrize('exercise', ALL, ids=lambda exercise: exercise.name)
def test_solutions_are_healthy(exercise, tmp_path):
    """Code that goes its own way, as a solution does, is not told of an `await`."""
    copy_tree(exercise.step.snapshot, tmp_path)
    if exercise.overlay.is_dir():
        copy_tree(exercise.overlay, tmp_path)
    doctor = diagnose.Doctor(tmp_path, exercise.step)
    assert doctor.about_coroutines == []
    assert {each.kind for each in doctor.about_names} <= {'place', 'spelling'}


def test_what_is_to_come(tmp_path):
    """A line that the chapter has told comes before one that it hasn't come to yet."""
    copy_tree(STEPS[7].snapshot, tmp_path)
    handler = '    app.add_error_handler(DamagedFileError, errors.damaged_file)\n'
    slips = [
        ('app.py', handler, ''),
        ('errors.py', 'async def damaged_file', 'async def later'),
        ('limits.py', '            self._serve()\n', ''),
    ]
    for name, right, wrong in slips:
        path = tmp_path / 'asgilook' / name
        code = path.read_text(encoding='utf-8')
        assert code.count(right) == 1
        path.write_text(code.replace(right, wrong), encoding='utf-8')
    found = diagnose.Doctor(tmp_path, STEPS[7]).about_others
    assert [each.name for each in found[:2]] == ['Budget.share', 'create_app']


FINE = """
import asyncio


class Other:
    async def work(self):
        return 1

    async def all(self):
        task = asyncio.create_task(self.work())
        later = self.work()
        both = await asyncio.gather(self.work(), *(self.work() for _ in range(2)))
        return await task, await later, both

    def hand_on(self):
        return self.work()
"""
LOST = """
class Other:
    async def work(self):
        return 1

    async def all(self):
        self.work()
        found = self.work()
        return found + 1, self.work() + 1, len(self.work())
"""


@pytest.mark.parametrize(('text', 'lines'), [(FINE, []), (LOST, [7, 8, 9])])
def test_coroutines(tmp_path, text, lines):
    """A coroutine that is run later is not lost; one that nothing runs is."""
    copy_tree(STEPS[2].snapshot, tmp_path)
    (tmp_path / 'asgilook' / 'other.py').write_text(text, encoding='utf-8')
    found = diagnose.Doctor(tmp_path, STEPS[2]).about_coroutines
    assert [each.line for each in found] == lines


@pytest.mark.parametrize(
    ('number', 'file', 'name', 'heading'),
    [
        (3, 'asgilook/images.py', 'Images.on_post', 'Uploading'),
        (4, 'asgilook/images.py', 'Images.on_post', 'Uploading'),
        (3, 'asgilook/images.py', 'Images.on_get_image', 'Downloading'),
        (1, 'asgilook/app.py', '', 'The smallest application'),
        (5, 'asgilook/convert.py', 'check_size', 'From a file to pixels'),
        (3, 'asgilook/nothing.py', '', None),
    ],
)
def test_section_of_code(number, file, name, heading):
    """The section of a function is the one whose listing shows it."""
    found = book.shows(STEPS[number], file, name)
    assert (found and found.heading) == heading


@pytest.mark.parametrize('number', STEPS)
def test_listings_are_read_as_the_book_reads_them(number):
    """Each listing of a chapter shows some lines, no further than its file goes."""
    for each in book.listings(STEPS[number]):
        text = (STEPS[number].snapshot / each.file).read_text(encoding='utf-8')
        assert each.lines, each
        assert each.lines.stop <= len(text.splitlines()) + 1, each


def test_routes():
    """A route is found by the paths it is meant for, with its responder."""
    package = structure.snapshot(STEPS[4].snapshot)
    route = diagnose.route_for(package, '/thumbnails/x/320x180.jpeg')
    assert (route.kind, route.responder('GET')) == ('Thumbnails', 'on_get')
    route = diagnose.route_for(package, '/images/x.jpeg')
    assert (route.kind, route.responder('GET')) == ('Images', 'on_get_image')
    assert diagnose.route_for(package, '/other') is None
