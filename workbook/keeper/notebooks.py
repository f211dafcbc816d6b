"""Run the labs from top to bottom, each in a process of its own.

    python -m workbook.keeper.notebooks [N ...] [--strip]

A cell that is left to the reader must raise `NotYet` as it stands, and pass as
`notebooks/solutions/` has it. The results are kept for the book; a lab runs again when
something that it depends on has changed, or when its number is given. With `--strip`
nothing runs: it removes from the notebooks whatever JupyterLab left in them.
"""

import asyncio
import re
import sys
import time
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from workbook.book.labs import (
    FOLDER,
    MADE_OF,
    OUTPUTS,
    Lab,
    digest,
    is_up_to_date,
    labs,
    read,
)
from workbook.cli import Parser, UserError

AT_ONCE = 2
"""How many are run at a time; those that measure are run one by one."""

PATIENCE = 60
"""How long a cell may take, in seconds."""

NOW_YOU = 'now-you'
"""The tag of a cell that is left to the reader."""

SOLVED = '-solved'
"""What the name of a solution's cell ends with."""

DIVIDER = '# Did it work?'
"""The line in such a cell from which on it is not to be changed."""


def stripped(notebook: Any) -> str:
    """Return a notebook as it is to be stored: nothing in it that a run has left."""
    kept = {key: notebook.metadata[key] for key in ['lab'] if key in notebook.metadata}
    kernel = {'display_name': 'Python 3', 'language': 'python', 'name': 'python3'}
    notebook.metadata = nbformat.from_dict({**kept, 'kernelspec': kernel})
    for cell in notebook.cells:
        wanted = {
            key: cell.metadata[key]
            for key in ['mystnb', 'tags']
            if cell.metadata.get(key)
        }
        cell.metadata = nbformat.from_dict(wanted)
        if cell.cell_type == 'code':
            cell.outputs, cell.execution_count = [], None
    return f'{nbformat.writes(notebook)}\n'


def solutions(lab: Lab) -> dict[str, str]:
    """Return the solutions, by the ids of the cells that they replace."""
    if not lab.solutions.exists():
        return {}
    text = lab.solutions.read_text(encoding='utf-8')
    _, *parts = re.split(r'^# %% (\S+)\n', text, flags=re.MULTILINE)
    return {
        name: code.strip() for name, code in zip(parts[::2], parts[1::2], strict=True)
    }


def tags(cell: Any) -> list[str]:
    """Return the tags of a cell."""
    return list(cell.metadata.get('tags', []))


def with_solutions(notebook: Any, solved: dict[str, str]) -> Any:
    """Return a notebook in which a solution follows on each cell that needs one.

    It replaces what stands above the divider; what is below stays the cell's own.
    """
    cells = []
    for cell in notebook.cells:
        cells.append(cell)
        if NOW_YOU in tags(cell):
            if cell.id not in solved:
                raise UserError(f'there is no solution of the cell {cell.id}')
            _, divider, checks = cell.source.partition(DIVIDER)
            source = f'{solved[cell.id]}\n\n{divider}{checks}'
            cells.append(nbformat.v4.new_code_cell(source, id=f'{cell.id}{SOLVED}'))
    unused = solved.keys() - {cell.id for cell in cells if NOW_YOU in tags(cell)}
    if unused:
        raise UserError(f'no cell for the solutions {sorted(unused)}')
    return nbformat.from_dict({**notebook, 'cells': cells})


def faults(notebook: Any) -> list[str]:
    """Return what is wrong with a notebook that has been run to its end."""
    found = []
    for cell in notebook.cells:
        outputs = cell.get('outputs', [])
        errors = [one.ename for one in outputs if one.output_type == 'error']
        if NOW_YOU in tags(cell) and errors != ['NotYet']:
            found.append(f'cell {cell.id} raises {errors}, not NotYet, as it stands')
        if any(one.get('name') == 'stderr' for one in outputs):
            found.append(f'cell {cell.id} warns: something is on standard error')
        image = cell.metadata.get('mystnb', {}).get('image', {})
        shown = {kind for one in outputs for kind in one.get('data', {})}
        if any(kind.startswith('image/') for kind in shown) and not image.get('alt'):
            found.append(f'cell {cell.id} shows a picture that nothing describes')
    return found


def keep(lab: Lab, notebook: Any, made_of: str) -> None:
    """Keep a notebook that has run, without the solutions, for the book to show."""
    cells = [cell for cell in notebook.cells if not cell.id.endswith(SOLVED)]
    metadata = {**notebook.metadata, MADE_OF: made_of}
    OUTPUTS.mkdir(parents=True, exist_ok=True)
    shown = nbformat.from_dict({**notebook, 'cells': cells, 'metadata': metadata})
    nbformat.write(shown, lab.output)


async def run(lab: Lab) -> list[str]:
    """Run a lab with its solutions; print how long it took, return what is wrong."""
    start, notebook, made_of = time.perf_counter(), read(lab.path), digest(lab)
    lab.output.unlink(missing_ok=True)
    try:
        notebook = with_solutions(notebook, solutions(lab))
        await NotebookClient(
            notebook,
            timeout=PATIENCE,
            resources={'metadata': {'path': str(FOLDER)}},
            extra_arguments=['--log-level=ERROR'],
        ).async_execute()
        found = faults(notebook)
    except UserError as error:
        found = [str(error)]
    except CellExecutionError as error:
        failed = [cell.id for cell in notebook.cells if cell.get('outputs')][-1]
        found = [f'cell {failed}: {error.ename}: {error.evalue}']
    except (CellTimeoutError, DeadKernelError) as error:
        found = [str(error)]
    if not found:
        keep(lab, notebook, made_of)
    seconds = time.perf_counter() - start
    print(f'{lab.path.stem:32} {seconds:5.1f} s', flush=True)
    return [f'{lab.path.name}: {fault}' for fault in found]


async def run_all(chosen: list[Lab]) -> list[str]:
    """Run labs, those alone that measure; return what is wrong with each."""
    alone = [lab for lab in chosen if read(lab.path).metadata.get('lab')]
    turn = asyncio.Semaphore(AT_ONCE)

    async def in_turn(lab: Lab) -> list[str]:
        async with turn:
            return await run(lab)

    found = await asyncio.gather(*(in_turn(lab) for lab in chosen if lab not in alone))
    for lab in alone:
        found.append(await run(lab))
    return [fault for part in found for fault in part]


def choose(numbers: list[int]) -> list[Lab]:
    """Return the labs of those numbers; all, if there are none."""
    found = labs()
    if unknown := sorted(set(numbers) - {lab.number for lab in found}):
        known = ', '.join(str(lab.number) for lab in found)
        raise UserError(f'There is no lab {unknown[0]}: there are {known}.')
    return [lab for lab in found if not numbers or lab.number in numbers]


def main() -> int:
    """Run, or strip, the labs that the command line names."""
    parser = Parser(prog='tox -e notebooks --', description='Run the labs.')
    parser.add_argument('numbers', nargs='*', type=int, metavar='N')
    parser.add_argument('--strip', action='store_true')
    arguments = parser.parse_args()
    try:
        chosen = choose(arguments.numbers)
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    if arguments.strip:
        for lab in chosen:
            text = stripped(read(lab.path))
            lab.path.write_text(text, encoding='utf-8', newline='\n')
        return 0
    if not arguments.numbers:
        unchanged = [lab for lab in chosen if is_up_to_date(lab)]
        chosen = [lab for lab in chosen if lab not in unchanged]
        for lab in unchanged:
            print(f'{lab.path.stem:32} unchanged since it last ran')
    found = asyncio.run(run_all(chosen))
    for fault in found:
        print(fault)
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
