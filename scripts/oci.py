"""OCI images in memory, written as archives (https://github.com/opencontainers/image-spec, image-layout.md): the
same input gives the same bytes."""

import gzip
import hashlib
import io
import json
import pathlib
import tarfile
import time

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def tar(entries: list[tuple[str, int, int, bytes | None]], when: int) -> bytes:
    """A tar of (name, mode, owner, content); without content it is a folder."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, mode, owner, content in entries:
            info = tarfile.TarInfo(name)
            info.mode, info.uid, info.gid, info.mtime = mode, owner, owner, when
            if content is None:
                info.type = tarfile.DIRTYPE
                archive.addfile(info)
            else:
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def zipped(data: bytes) -> bytes:
    return gzip.compress(data, compresslevel=9, mtime=0)


class Layout:
    """An OCI layout in memory."""

    def __init__(self, version: str, revision: str, when: int) -> None:
        self.version, self.revision, self.when = version, revision, when
        self.blobs: dict[str, bytes] = {}
        self.created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(when))

    def blob(self, media: str, data: bytes, **more: object) -> dict:
        self.blobs[digest(data)] = data
        return {"mediaType": media, "digest": digest(data), "size": len(data), **more}

    def document(self, media: str, value: dict, **more: object) -> dict:
        return self.blob(media, json.dumps(value, sort_keys=True).encode(), **more)

    def notes(self, title: str) -> dict:
        return {
            "org.opencontainers.image.created": self.created,
            "org.opencontainers.image.licenses": "Apache-2.0",
            "org.opencontainers.image.revision": self.revision,
            "org.opencontainers.image.title": title,
            "org.opencontainers.image.version": self.version,
        }

    def manifest(self, config: dict, layers: list[dict], title: str, **more: object) -> dict:
        value = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": config,
            "layers": layers,
            "annotations": self.notes(title),
        }
        return self.document(MANIFEST, value, **more)

    def image(self, architecture: str, layer: bytes, title: str, run: dict) -> dict:
        config = {
            "architecture": architecture,
            "os": "linux",
            "created": self.created,
            "config": {**run, "Labels": self.notes(title)},
            "rootfs": {"type": "layers", "diff_ids": [digest(layer)]},
            "history": [{"created": self.created, "created_by": "make release"}],
        }
        layers = [self.blob(LAYER, zipped(layer))]
        platform = {"architecture": architecture, "os": "linux"}
        return self.manifest(self.document(CONFIG, config), layers, title, platform=platform)

    def index(self, manifests: list[dict], title: str) -> dict:
        value = {"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests, "annotations": self.notes(title)}
        return self.document(INDEX, value)

    def write(self, out: pathlib.Path, named: dict[str, dict]) -> None:
        """An archive that holds each image under a name."""
        manifests = [
            {**image, "annotations": {"org.opencontainers.image.ref.name": name}} for name, image in named.items()
        ]
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}
        entries = [
            ("oci-layout", 0o644, 0, b'{"imageLayoutVersion": "1.0.0"}'),
            ("index.json", 0o644, 0, json.dumps(index, sort_keys=True).encode()),
            ("blobs", 0o755, 0, None),
            ("blobs/sha256", 0o755, 0, None),
        ]
        for name in sorted(self.blobs):
            entries.append(("blobs/" + name.replace(":", "/"), 0o644, 0, self.blobs[name]))
        out.write_bytes(tar(entries, self.when))
