"""Step 7: files appear whole or not at all, whatever happens to the service."""

import concurrent.futures
import contextlib
import errno
import io
import os
import pathlib
import shutil
import stat
import sys

import PIL.Image
import pytest

from tests.step7_limits.visits import PATIENCE
from workbook.pictures import draw, file_of, upload
from workbook.processes import wait_until

pytestmark = [
    pytest.mark.hint(section='step7-files'),
    pytest.mark.timeout(600),
]


def begin_upload(server, data):
    """Send all of an upload but its last byte; return the connection."""
    connection = server.connect()
    connection.putrequest('POST', '/images')
    connection.putheader('Content-Length', str(len(data)))
    connection.endheaders()
    connection.send(data[:-1])
    return connection


def unfinished(names):
    """Return the names of what is no image."""
    return [name for name in names if not name.endswith('.jpeg')]


@pytest.mark.hint(
    'A file was there, under its final name, before all of it was written. Or the new '
    'service found files of the old one, and left them.',
    'Write to a name of its own (`Folder.unfinished`), call `os.fsync`, and only then '
    '`os.replace`. At the start, remove what ends in `.part`.',
)
def test_killed(make_server, folder, left_behind):
    """After `kill -9` every file is whole, and what was unfinished is gone."""
    data = file_of(draw((1200, 900)), 'JPEG', quality=95)
    acknowledged = []

    def post_until_killed(server):
        with contextlib.suppress(OSError, Exception):
            while True:
                status, _ = server.request('POST', '/images', data)
                acknowledged.append(status)

    for count in range(3, 12, 4):
        acknowledged.clear()
        server = make_server()
        with concurrent.futures.ThreadPoolExecutor(6) as executor:
            clients = [executor.submit(post_until_killed, server) for _ in range(6)]
            try:
                while len(acknowledged) < count:
                    concurrent.futures.wait(clients, timeout=0.01)
                with contextlib.closing(begin_upload(server, data)):
                    assert wait_until(lambda: unfinished(left_behind()), PATIENCE / 3)
                    server.kill()
            finally:
                server.kill()
        assert set(acknowledged) == {201}
        final = list(folder.glob('*.jpeg'))
        assert len(final) >= len(acknowledged)
        for path in final:
            with PIL.Image.open(path) as image:
                image.load()
                assert image.size == (1200, 900)
    make_server()
    assert unfinished(left_behind()) == []


@pytest.mark.hint(
    'A file that nobody has killed is gone: another service of yours, on the same '
    'folder, has swept it away as it started.',
    'Each process holds a shared lock on the folder (`fcntl.flock`) as long as it '
    'lives. '
    'A process that gets an exclusive one at its start is alone, and sweeps.',
)
@pytest.mark.skipif("sys.platform == 'win32'", reason='Windows has no flock.')
def test_others_are_at_work(make_server, folder, left_behind):
    """A service that starts leaves alone what others have not finished."""
    data = upload()
    server = make_server()
    with contextlib.closing(begin_upload(server, data)) as connection:
        assert wait_until(left_behind, PATIENCE / 3)
        make_server()
        connection.send(data[-1:])
        assert connection.getresponse().status == 201
    assert len(left_behind()) == 1


@pytest.mark.hint(
    'What an earlier service had not finished is still there.',
    '`Folder` looks for `*.part` as it starts, if it is alone, and removes them.',
)
def test_leftovers(module, folder, config):
    """Unfinished files are removed at the start, and no others."""
    folder.mkdir()
    leftover = folder / f'1.jpeg{module("files").Folder.SUFFIX}'
    other = folder / 'notes.txt'
    leftover.touch()
    other.touch()
    module('app').create_app(config)
    assert list(folder.iterdir()) == [other]


@pytest.mark.hint(
    'Work that went on after its service was killed made a new file, although the old '
    'one had been cleared away.',
    "The service makes the file, and the work opens it with `'r+b'`, which fails if it "
    'is gone.',
)
def test_late_work_makes_no_file(module, tmp_path):
    """A conversion whose file was cleared away makes no other."""
    source, target = tmp_path / 'source', tmp_path / 'target'
    source.write_bytes(upload())
    with pytest.raises(FileNotFoundError):
        module('convert').to_jpeg(source, target)
    assert not target.exists()


@pytest.mark.hint(
    'The power fails after the answer. Is the image on the disk by then, and its name?',
    '`os.fsync` of the file before `os.replace`, and of the folder after it.',
)
@pytest.mark.skipif("sys.platform == 'win32'", reason='Windows can not open a folder.')
def test_synced(store, run, monkeypatch):
    """Before an upload is acknowledged, the file and its name are on the disk."""
    fsync, replace, done = os.fsync, os.replace, []

    def noted_fsync(number):
        done.append('folder' if stat.S_ISDIR(os.fstat(number).st_mode) else 'file')
        fsync(number)

    def noted_replace(*arguments, **options):
        done.append('replace')
        replace(*arguments, **options)

    monkeypatch.setattr(os, 'fsync', noted_fsync)
    monkeypatch.setattr(os, 'replace', noted_replace)
    run(store.save('1', upload()))
    assert done == ['file', 'replace', 'folder']


@pytest.fixture
def fill_the_disk(folder, monkeypatch):
    """Return a function that fills the disk: one kind of call fails from then on."""
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    filled = []

    def audit(event, arguments):
        if filled and event == 'open' and isinstance(arguments[0], str | os.PathLike):
            path, _, flags = arguments
            written = flags & (os.O_WRONLY | os.O_RDWR)
            if written and folder in pathlib.Path(path).parents:
                raise full

    def fail(*arguments, **options):
        raise filled[0]

    def fill(what):
        if what == 'open':
            filled.append(full)
            sys.addaudithook(audit)
        else:
            owner, name, error = {
                'encode': (PIL.Image.Image, 'save', OSError('encoder error -2')),
                'fsync': (os, 'fsync', full),
                'replace': (os, 'replace', full),
                'copy': (shutil, 'copyfileobj', full),
            }[what]
            filled.append(error)
            monkeypatch.setattr(owner, name, fail)

    yield fill
    filled.clear()  # The audit hook itself can't be taken away.


@pytest.mark.hint(
    'The disk is full, and the answer is 500, or a file is left.',
    'Turn an `OSError` whose `errno` is `ENOSPC` or `EDQUOT`, and whatever `OSError` '
    'Pillow raises while it writes, into `StorageFullError`; answer '
    '`falcon.HTTPInsufficientStorage`. Remove the file in a `finally`.',
)
@pytest.mark.parametrize('what', ['open', 'encode', 'fsync', 'replace'])
def test_disk_full(client, fill_the_disk, left_behind, what, caplog):
    """An upload to a full disk is answered 507, and leaves nothing."""
    data = upload()
    fill_the_disk(what)
    result = client.simulate_post('/images', body=data)
    assert result.status_code == 507
    assert 'room' in result.json['description']
    assert left_behind() == []
    assert client.simulate_get('/images').json == []
    reason = 'encoder error' if what == 'encode' else os.strerror(errno.ENOSPC)
    said = [each.getMessage() for each in caplog.records]
    assert [line for line in said if 'disk is full' in line and reason in line]


@pytest.mark.hint(
    'To save by `Store.save` meets a full disk, too.',
    '`save` writes to a file that `Folder.unfinished` gives it.',
)
def test_disk_full_in_save(module, store, run, fill_the_disk, left_behind):
    """`save` says that the disk is full, and leaves nothing."""
    fill_the_disk('copy')
    with pytest.raises(module('files').StorageFullError):
        run(store.save('1', upload()))
    assert left_behind() == []


@pytest.mark.hint(
    'An error that has nothing to do with a full disk is answered as one.',
    'Look at the `errno`: only `ENOSPC` and `EDQUOT` mean that there is no room.',
)
def test_other_errors_of_the_disk(module, store, run, monkeypatch, left_behind):
    """An error of the disk that is no lack of room stays what it is."""

    def fail(*arguments):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, 'replace', fail)
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        run(store.save('1', upload()))
    assert left_behind() == []


@pytest.mark.hint(
    'Somebody removed the folder while the service ran, and no upload works any more.',
    'Make the folder, if need be, each time a file is written: `mkdir(parents=True, '
    'exist_ok=True)`.',
)
def test_folder_is_gone(client, folder):
    """An upload after the folder was removed is stored in a new one."""
    shutil.rmtree(folder)
    result = client.simulate_post('/images', body=upload())
    assert result.status_code == 201
    assert client.simulate_get(result.json['image']).status_code == 200


@pytest.mark.hint(
    '`save` takes bytes, and also any binary file: one in memory, or one on the disk.',
    'Wrap bytes in `io.BytesIO`, and copy whatever it is with `shutil.copyfileobj`.',
)
@pytest.mark.parametrize('kind', ['bytes', 'memory', 'disk'])
def test_save(store, run, tmp_path, kind):
    """`save` takes bytes, a file in memory, or a file on the disk."""
    path = tmp_path / 'upload.jpeg'
    path.write_bytes(upload())
    with path.open('rb') as file:
        data = {'bytes': upload(), 'memory': io.BytesIO(upload()), 'disk': file}[kind]
        image = run(store.save('1', data))
    assert image.size == (640, 360)
    with PIL.Image.open(image.path) as stored:
        assert stored.size == image.size


def empty(path):
    """Leave nothing in a file."""
    path.write_bytes(b'')


def cut(path):
    """Leave half of a file."""
    path.write_bytes(path.read_bytes()[:2000])


def other(path):
    """Replace a file by another kind of image."""
    path.write_bytes(file_of(draw(), 'PNG'))


def scramble(path):
    """Leave the two ends of a file only."""
    path.write_bytes(b'\xff\xd8' + bytes(1000) + b'\xff\xd9')


def make_folder(path):
    """Put a folder in a file's place."""
    path.unlink()
    path.mkdir()


def make_pipe(path):
    """Put a pipe in a file's place."""
    path.unlink()
    os.mkfifo(path)


def release(path):
    """Let a thread go on that waits for the other end of a pipe."""
    if path.is_fifo():
        os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK))


@pytest.mark.hint(
    'The file of an image has become something else. The answer is 500, or 200, or '
    'never.',
    '`open_jpeg` opens nothing but a regular file, and looks at its first two and last '
    'two bytes. `DamagedFileError` is answered 404, and logged once.',
    section='step7-damage',
)
@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    'damage', [empty, cut, other, make_folder, make_pipe, scramble]
)
def test_damaged_on_disk(client, folder, caplog, damage):
    """An image that was damaged on the disk is not found, and the log has a line."""
    record = client.simulate_post('/images', body=upload()).json
    [path] = folder.iterdir()
    damage(path)
    # The ends of a file say nothing of what is between them: only Pillow sees that.
    places = record['thumbnails'][:1] + [record['image']] * (damage is not scramble)
    try:
        for place in places:
            caplog.clear()
            result = client.simulate_get(place)
            assert result.status_code == 404, place
            assert result.json['description']
            ours = [each for each in caplog.records if 'asgilook' in each.name]
            assert len(ours) == 1
            assert path.name in ours[0].getMessage()
    finally:
        release(path)


@pytest.mark.hint(
    'A thumbnail lacks memory, and the answer says that the stored file is damaged.',
    '`except MemoryError: raise` before `except Exception`: it says nothing of the '
    'file.',
    section='step7-damage',
)
def test_lack_of_memory_is_no_damage(module, store, run, monkeypatch):
    """A lack of memory is not taken for damage."""
    image = run(store.save('1', upload()))

    def fail(*arguments, **options):
        raise MemoryError

    monkeypatch.setattr(PIL.Image.Image, 'resize', fail)
    with pytest.raises(MemoryError):
        run(store.make_thumbnail(image, (320, 180)))
