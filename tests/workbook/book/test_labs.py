"""The labs are stored without outputs, complete, and run on the snapshots."""

import asyncio
import importlib.util
import re
import sys

import nbformat
import pytest

from workbook.book import labs
from workbook.keeper import notebooks
from workbook.layout import ROOT, steps

LABS = labs.labs()


def name(lab):
    """Return the name of a lab's notebook, for the report."""
    return lab.path.stem


every_lab = pytest.mark.parametrize('lab', LABS, ids=name)


def texts(lab, kind):
    """Return the sources of a lab's cells of one kind."""
    return [cell.source for cell in labs.read(lab.path).cells if cell.cell_type == kind]


def left_to_the_reader(lab):
    """Return the cells that are left to the reader."""
    cells = labs.read(lab.path).cells
    return [cell for cell in cells if notebooks.NOW_YOU in notebooks.tags(cell)]


def load(path):
    """Return a module that is in no package."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def lab_module():
    """Return the labs' helper; what it does to Python's modules is undone."""
    path, modules = list(sys.path), dict(sys.modules)
    yield load(labs.FOLDER / 'lab.py')
    sys.path[:] = path
    for found in [one for one in sys.modules if one.split('.')[0] == 'asgilook']:
        del sys.modules[found]
    sys.modules.update(modules)


def notebook_of(*cells):
    """Return a notebook."""
    return nbformat.v4.new_notebook(cells=list(cells))


def code(source, **metadata):
    """Return a cell with code."""
    return nbformat.v4.new_code_cell(source, id='a-cell', metadata=metadata)


@every_lab
def test_a_lab_is_stored_without_outputs(lab):
    """What a run leaves behind would make each difference long."""
    stored = lab.path.read_text(encoding='utf-8')
    assert stored == notebooks.stripped(labs.read(lab.path)), (
        f'outputs or settings are left in it: tox -e notebooks -- {lab.number} --strip'
    )


@every_lab
def test_a_lab_has_all_its_parts(lab):
    """A question, a prediction to write down, a conclusion, something to do."""
    prose = '\n\n'.join(texts(lab, 'markdown'))
    assert prose.startswith(f'# Lab {lab.number}: ')
    assert '**The question.**' in texts(lab, 'markdown')[0]
    headings = re.findall(r'^## (.+)$', prose, re.MULTILINE)
    assert headings[0] == 'Your prediction'
    assert headings[-3:] == ['What we saw', 'Now you', 'Back to the book']
    assert any('use_step(' in source for source in texts(lab, 'code'))
    assert any(re.search(r'^show\(', source, re.M) for source in texts(lab, 'code'))
    assert left_to_the_reader(lab)


@every_lab
def test_the_code_of_figures_is_folded_in_the_book(lab):
    """The figure comes first on the page; in JupyterLab its code stays open."""
    for cell in labs.read(lab.path).cells:
        if cell.cell_type == 'code' and re.search(r'^show\(', cell.source, re.M):
            assert 'hide-input' in notebooks.tags(cell), cell.id


@every_lab
def test_the_page_says_how_to_open_the_lab(lab):
    """There is a command for JupyterLab, and a link that leads to the notebook."""
    first = nbformat.reads(labs.for_the_book(lab), as_version=4).cells[0].source
    assert '`tox -e lab`' in first
    [place] = re.findall(r'\{download\}`[^<`]*<([^>]*)>`', first)
    assert (ROOT / 'docs' / 'labs' / place).resolve() == lab.path


@every_lab
def test_a_lab_leads_back_to_its_chapter(lab):
    """Each link leads to a page that there is, and the last cell to a chapter."""
    links = [
        re.findall(r'\]\((?!http)([^)#]+)', text) for text in texts(lab, 'markdown')
    ]
    assert any('docs/tutorial/' in link for link in links[-1])
    for link in {link for found in links for link in found}:
        assert (lab.path.parent / link).is_file(), link


@every_lab
def test_the_names_of_cells_are_for_people(lab):
    """Differences, solutions and reports name cells."""
    for cell in labs.read(lab.path).cells:
        assert re.fullmatch(r'[a-z]+(-[a-z0-9]+)*', cell.id), cell.id
        assert not re.fullmatch(r'[0-9a-f]{8}', cell.id), cell.id


@every_lab
def test_each_task_can_be_solved_and_is_not_solved_yet(lab):
    """`tox -e notebooks` runs both: the cell as it stands, and with its solution."""
    solved = notebooks.solutions(lab)
    cells = left_to_the_reader(lab)
    assert {cell.id for cell in cells} == set(solved)
    for cell in cells:
        assert 'raises-exception' in notebooks.tags(cell)
        yours, divider, checks = cell.source.partition(f'\n\n{notebooks.DIVIDER}\n')
        assert divider, f'{cell.id} has no line {notebooks.DIVIDER!r}'
        assert re.search(r'^check\(', checks, re.MULTILINE)
        assert solved[cell.id] != yours
    assert f'notebooks/solutions/{lab.solutions.name}' in '\n'.join(
        texts(lab, 'markdown')
    )


@every_lab
def test_the_book_says_what_each_lab_is_about(lab):
    """There is a paragraph on each, on the labs' first page."""
    page = (ROOT / 'docs' / 'labs' / 'index.rst').read_text(encoding='utf-8')
    assert f':ref:`lab{lab.number}`\n' in page


def test_no_solution_is_without_a_lab():
    """A lab that was renamed would leave its solutions behind."""
    kept = {path.name for path in (labs.FOLDER / 'solutions').glob('*.py')}
    assert kept == {lab.solutions.name for lab in LABS}


def test_a_solution_takes_the_place_of_what_is_above_the_divider():
    """The check that proves it is the one that the reader has."""
    cell = code('n = 1\n\n# Did it work?\ncheck(n == 2, "no")', tags=['now-you'])
    both = notebooks.with_solutions(notebook_of(cell), {'a-cell': 'n = 2'})
    assert [one.source for one in both.cells] == [
        'n = 1\n\n# Did it work?\ncheck(n == 2, "no")',
        'n = 2\n\n# Did it work?\ncheck(n == 2, "no")',
    ]


@pytest.mark.parametrize(
    ('solved', 'complaint'),
    [
        ({}, 'there is no solution of the cell a-cell'),
        ({'a-cell': '', 'b-cell': ''}, r"no cell for the solutions \['b-cell'\]"),
    ],
)
def test_cells_and_solutions_belong_together(solved, complaint):
    """A cell that was renamed needs its solution renamed."""
    with pytest.raises(notebooks.UserError, match=complaint):
        notebooks.with_solutions(notebook_of(code('', tags=['now-you'])), solved)


@pytest.fixture
def broken(tmp_path):
    """Return a function that runs a lab with some cells, and returns what is wrong."""

    def run(*cells):
        lab = labs.Lab(99, tmp_path / 'lab99_broken.ipynb')
        lab.solutions.parent.mkdir()
        if any('now-you' in cell.metadata.tags for cell in cells):
            lab.solutions.write_text('# %% unsolved\n3 + 3\n', encoding='utf-8')
        nbformat.write(notebook_of(*cells), lab.path)
        return asyncio.run(notebooks.run(lab))

    return run


def cell_named(name, source, *tags):
    """Return a cell with code, and a name."""
    return nbformat.v4.new_code_cell(source, id=name, metadata={'tags': list(tags)})


def test_an_exception_is_said_in_one_line(broken, capsys):
    """Whoever broke a lab wants to know which cell."""
    cells = [cell_named('fine', '1'), cell_named('ends', '1 / 0')]
    complaint = 'cell ends: ZeroDivisionError: division by zero'
    assert broken(*cells) == [f'lab99_broken.ipynb: {complaint}']
    assert re.match(r'lab99_broken +\d+\.\d s\n', capsys.readouterr().out)


def test_what_else_is_wrong_is_said_in_a_line_each(broken):
    """A task that is no task, a warning, and a picture without words are named."""
    cells = [
        cell_named(
            'unsolved', '2 + 2\n\n# Did it work?', 'now-you', 'raises-exception'
        ),
        cell_named('warns', 'import warnings\nwarnings.warn("old", stacklevel=1)'),
        cell_named('shows', 'from IPython.display import SVG\nSVG("<svg/>")'),
        cell_named('fine', '1'),
    ]
    assert broken(*cells) == [
        f'lab99_broken.ipynb: cell {complaint}'
        for complaint in [
            'unsolved raises [], not NotYet, as it stands',
            'warns warns: something is on standard error',
            'shows shows a picture that nothing describes',
        ]
    ]


def test_a_lab_that_there_is_not_is_refused():
    """The message says which there are."""
    known = ', '.join(str(lab.number) for lab in LABS)
    with pytest.raises(notebooks.UserError, match=f'no lab 999: there are {known}'):
        notebooks.choose([999])


@pytest.mark.parametrize('step', steps(), ids=lambda step: step.name)
def test_every_step_can_be_used(lab_module, step):
    """A lab may ask any snapshot for an answer."""

    async def ask():
        service = lab_module.use_step(step.number)
        answer = await service.client.simulate_get('/images')
        await service.client.stop()
        return service, answer.status_code

    service, status = asyncio.run(ask())
    serves = (step.snapshot / 'asgilook' / 'images.py').exists()
    assert status == (200 if serves else 404)
    assert service.folder.is_dir()
    found = sys.modules['asgilook.app'].__file__
    assert str(step.snapshot) in found


def test_services_share_nothing(lab_module):
    """What one service stored, another has not; each Redis is its own."""

    async def ask():
        photo = lab_module.sample('photo.jpeg')
        first, second = lab_module.use_step(5), lab_module.use_step(4)
        answer = await first.client.simulate_post('/images', body=photo)
        listed = [
            (await service.client.simulate_get('/images')).json
            for service in [first, first, second]
        ]
        third = lab_module.use_step(5)
        keys = [len(await service.redis.keys()) for service in [first, third]]
        for service in [first, second, third]:
            await service.client.stop()
        return answer.status_code, [len(one) for one in listed], keys

    assert asyncio.run(ask()) == (201, [1, 1, 0], [1, 0])


def test_a_plot_can_be_read_on_a_dark_page(lab_module):
    """Each neutral colour that is replaced in the dark is one that a plot uses."""
    drawn, axes = lab_module.figure('A title', 'time, in s', 'number')
    axes.plot([1, 2])
    svg = lab_module.to_svg(drawn)
    rules, plot = svg.split('</style>', 1)[0], svg.split('</style>', 1)[1]
    for light, dark in lab_module.IN_THE_DARK.items():
        assert light in plot
        assert dark in rules
    assert '#000000' not in plot
    assert '#ffffff' not in plot


def test_a_task_says_what_is_missing_in_one_line(lab_module, capsys):
    """A traceback would bury the hint."""
    with pytest.raises(lab_module.NotYet) as caught:
        lab_module.check(1 > 2, 'One is not more than two.')
    assert caught.value._render_traceback_() == ['Not yet: One is not more than two.']
    lab_module.check(2 > 1, '')
    assert capsys.readouterr().out == 'Solved: that works.\n'
