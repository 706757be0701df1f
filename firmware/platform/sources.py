# ruff: noqa: INP001 - a script that PlatformIO loads by its path
"""Adds what a firmware project shares with others: the common application and the generated model (PlatformIO script).

Beside the board's own ``src/``, an image is made of

    common/   the application, beside the project in a checkout and inside it in a folder `tinyforge` rendered
    third_party/  code of others, with its licence: Ed25519 for model updates
    model/    what `tinyforge export` generated, with manifest.json; without it the firmware only records

``custom_headers_of`` in platformio.ini names a folder of a library that is fetched but not linked: what it holds can be
included. ``tinyforge.json``, when it is there, holds further defines: {"defines": {"TFW_FIRMWARE_VERSION": "0.1.0"}}.
"""

import json
import os

Import("env")  # noqa: F821  (SCons gives it)

project_dir = env.subst("$PROJECT_DIR")  # noqa: F821


def first_folder(*names: str) -> str:
    """The first of these folders that exists, seen from the project."""
    for name in names:
        folder = os.path.normpath(os.path.join(project_dir, name))
        if os.path.isdir(folder):
            return folder
    raise SystemExit(f"Error: none of {', '.join(names)} exists beside {project_dir}")


def read_json(path: str) -> dict:
    """Content of a JSON file."""
    with open(path, encoding="utf-8") as stream:
        return json.load(stream)


common = first_folder("common", os.path.join("..", "common"))
env.Append(CPPPATH=[common])  # noqa: F821
env.BuildSources(os.path.join("$BUILD_DIR", "common"), common, ["+<*.c>"])  # noqa: F821

monocypher = os.path.join(first_folder("third_party", os.path.join("..", "third_party")), "monocypher")
env.Append(CPPPATH=[monocypher])  # noqa: F821
env.BuildSources(os.path.join("$BUILD_DIR", "monocypher"), monocypher, ["+<*.c>"])  # noqa: F821

model = os.path.join(project_dir, "model")
if os.path.isfile(os.path.join(model, "manifest.json")):
    manifest = read_json(os.path.join(model, "manifest.json"))
    sources = manifest.get("sources_dsp") or manifest["sources"]
    env.Append(  # noqa: F821
        CPPPATH=[os.path.normpath(os.path.join(model, folder)) for folder in manifest["include_dirs"]],
        CPPDEFINES=["TFW_WITH_MODEL", *(tuple(define.split("=", 1)) for define in manifest.get("defines", []))],
        CFLAGS=[flag for flag in manifest.get("cflags", []) if flag.startswith("-std=")],  # C++ has other standards
        CCFLAGS=[flag for flag in manifest.get("cflags", []) if not flag.startswith("-std=")],
    )
    wanted = ["-<*>", "+<tfw_model.c>", *(f"+<{source}>" for source in sources)]
    env.BuildSources(os.path.join("$BUILD_DIR", "model"), model, wanted)  # noqa: F821

headers = env.GetProjectOption("custom_headers_of", "")  # noqa: F821
if headers:
    libraries = os.path.join(env.subst("$PROJECT_LIBDEPS_DIR"), env.subst("$PIOENV"))  # noqa: F821
    env.Append(CPPPATH=[os.path.join(libraries, *headers.split("/"))])  # noqa: F821

settings = os.path.join(project_dir, "tinyforge.json")
if os.path.isfile(settings):
    env.Append(CPPDEFINES=list(read_json(settings).get("defines", {}).items()))  # noqa: F821
