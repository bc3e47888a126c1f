"""A CD made here: a few small files, for cloud-init and for installers."""

import io

import pycdlib


def new_disc(label: str, files: dict[str, bytes]) -> bytes:
    """The image of a CD called `label` with these files in its root, by their own names.

    ISO 9660 with Joliet and Rock Ridge: each guest finds the small letters in one of them.
    """
    iso = pycdlib.PyCdlib()
    iso.new(interchange_level=3, joliet=3, rock_ridge="1.09", vol_ident=label)
    for number, (name, content) in enumerate(files.items()):
        iso.add_fp(io.BytesIO(content), len(content), f"/FILE{number}.;1", rr_name=name, joliet_path=f"/{name}")
    target = io.BytesIO()
    iso.write_fp(target)
    iso.close()
    return target.getvalue()
