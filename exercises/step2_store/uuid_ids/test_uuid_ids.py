"""Ids are UUIDs throughout the store, and text where they leave it."""

import json
import typing
import uuid

import pytest

from workbook.pictures import upload

ID = uuid.UUID('6f1c2f8e-2a52-4d0a-9d8e-5b0f3c6a7e11')


def test_record_is_text(store, run):
    """The record of a picture that was saved under a UUID can be written as JSON."""
    record = run(store.save(ID, upload())).serialize()
    assert json.loads(json.dumps(record))['id'] == str(ID)
    assert record['image'] == f'/images/{ID}.jpeg'


@pytest.mark.parametrize('name', ['get', 'save'])
def test_annotations(module, name):
    """`get` and `save` are annotated to take a UUID."""
    method = getattr(module('store').Store, name)
    assert typing.get_type_hints(method)['image_id'] is uuid.UUID


def test_image_says_so_too(module):
    """An image's id is annotated as a UUID."""
    assert typing.get_type_hints(module('store').Image)['image_id'] is uuid.UUID


def test_found_however_it_is_spelled(store, run):
    """A UUID written in capitals, or without hyphens, is the same id."""
    image = run(store.save(ID, upload()))
    for spelling in [str(ID).upper(), ID.hex]:
        assert store.get(uuid.UUID(spelling)) is image
