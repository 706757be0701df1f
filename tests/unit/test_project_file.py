"""tinyforge.toml: what is accepted, and the text of every refusal."""

import pytest

from tinyforge.core.errors import ConfigError, did_you_mean
from tinyforge.core.project import find_project, load_project
from tinyforge.core.types import AUTO_TEACHERS
from tinyforge.pipeline import projects
from tinyforge.pipeline.observer import Silent
from tinyforge.pipeline.road import Road

GOOD = """
[project]
name = "demo"
[[model]]
name = "cnn"
architecture = "cnn1d"
"""


def load(tmp_path, text):
    (tmp_path / "tinyforge.toml").write_text(text, encoding="utf-8")
    return load_project(
        tmp_path,
        boards=("virtual", "nano33", "sensortile"),
        architectures=("cnn1d", "lstm", "dense"),
        variations=("rotation_deg", "tempo"),
    )


def test_defaults(tmp_path):
    project = load(tmp_path, GOOD)
    assert project.window.length == 50
    assert project.window.hop == 25
    assert project.window.channels == ("ax", "ay", "az", "gx", "gy", "gz")
    assert project.board == "virtual"
    assert project.models[0].epochs == 40
    assert project.capture is None


def test_model_overrides_training(tmp_path):
    project = load(tmp_path, GOOD + "epochs = 3\n[train]\nepochs = 7\nseed = 5\n")
    assert (project.models[0].epochs, project.models[0].seed) == (3, 5)


def test_a_model_takes_the_shared_augmentation_or_its_own(tmp_path):
    shared = "\n[train.augmentation]\ntempo = 0.1\n"
    own = GOOD + "[model.augmentation]\nrotation_deg = 5\n"
    assert load(tmp_path, GOOD + shared).models[0].augmentation == {"tempo": 0.1}
    assert load(tmp_path, own + shared).models[0].augmentation == {"rotation_deg": 5.0}


def test_teachers_are_a_number_or_auto(tmp_path):
    assert load(tmp_path, GOOD).models[0].teachers == 0
    assert load(tmp_path, GOOD + "teachers = 4\n").models[0].teachers == 4
    shared = '[train]\nteachers = "auto"\n'
    assert load(tmp_path, shared + GOOD).models[0].teachers == AUTO_TEACHERS
    assert load(tmp_path, shared + GOOD + "teachers = 0\n").models[0].teachers == 0


def test_digest_changes_with_any_decision_and_not_with_the_port(tmp_path):
    base = load(tmp_path, GOOD).digest
    assert load(tmp_path, GOOD + '[board]\nport = "/dev/ttyACM0"\n').digest == base
    assert load(tmp_path, GOOD + "[compress]\nsparsity = 0.8\n").digest != base
    assert load(tmp_path, GOOD + "[window]\nhop = 10\n").digest != base
    assert load(tmp_path, GOOD + "[train]\nseed = 2\n").digest != base
    assert load(tmp_path, GOOD + "[export]\nstream = true\n").digest != base
    assert load(tmp_path, GOOD + "[export]\nstream = false\n").digest == base


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD + '[board]\nid = "nano3"\n', 'board.id: "nano3": unknown board; did you mean "nano33"?'),
        (GOOD + '[board]\nupdate_key = "abc"\n', "board.update_key: is no public key; it is the 64 hex digits that `tinyforge update keygen` said"),
        (GOOD + "[export]\nstreams = true\n", 'export.streams: unknown key; did you mean "stream"?'),
        (GOOD + "[window]\nhop = 50\n[export]\nstream = true\n", "export.stream: windows of 50 samples that move by 50 have no samples in common; make window.hop less than window.length, or leave stream out"),
        (GOOD + "[windw]\nlength = 5\n", 'windw: unknown key; did you mean "window"?'),
        (GOOD + "[window]\nlenght = 5\n", 'window.lenght: unknown key; did you mean "length"?'),
        (GOOD + '[train]\nteachers = "some"\n', 'train.teachers: "some": unknown number of teachers; known: auto'),
        (GOOD + "[train]\nteachers = 99\n", "train.teachers: 99 is out of range; it must be at least 0 and at most 20"),
        (GOOD + "[window]\nlength = 1\n", "window.length: 1 is out of range; it must be at least 2 and at most 65536"),
        (GOOD + '[window]\nlength = "5"\n', "window.length: '5' is not a whole number; write length = 50"),
        (GOOD + "[window]\nlength = true\n", "window.length: True is not a whole number; write length = 50"),
        (GOOD + "[window]\nrate_hz = nan\n", "window.rate_hz: nan is not a number; write rate_hz = 100.0"),
        (GOOD + "[window]\nchannels = []\n", "window.channels: [] is empty or names a channel twice; name each channel once"),
        (GOOD + "[compress]\nclusters = 1\n", "compress.clusters: 1 is out of range; write 0 for no clustering, or 3 and more"),
        (GOOD + "[compress.layers.scores]\nclusters = 2\n", "compress.layers.scores.clusters: 2 is out of range; write 0 for no clustering, or 3 and more"),
        (GOOD + "[search]\nclusters = [0, 2]\n", "search.clusters: 2 is out of range; write 0 for no clustering, or 3 and more"),
        (GOOD + "[train]\nseed = 4294967295\n", "train.seed: 4294967295 is out of range; it must be at least 0 and at most 4294967294"),
        (GOOD + '[train]\naugment = "yes"\n', "train.augment: 'yes' is not true or false; write augment = true"),
        (GOOD + "[train]\nschedule = 3\n", 'train.schedule: 3 is not a string; write schedule = "cosine"'),
        (GOOD + "[budget.cnn]\nflash_bytes = '32 kB'\n", "budget.cnn.flash_bytes: '32 kB' is not a whole number; write flash_bytes = 3"),
        (GOOD.replace("cnn1d", "CNN1D"), 'model[0].architecture: "CNN1D": unknown architecture; did you mean "cnn1d"?'),
        (GOOD + "[dataset]\ntest = 0.7\nvalidation = 0.7\n", "dataset.test: test + validation is 1.4; leave something to train on"),
        (GOOD + "[train]\npatience = -1\n", "train.patience: -1 is out of range; it must be at least 0"),
        (GOOD + '[train]\nschedule = "cosin"\n', 'train.schedule: "cosin": unknown schedule; did you mean "cosine"?'),
        (GOOD + "[train]\nclass_weights = 2\n", "train.class_weights: 2 is out of range; it must be at least 0.0 and at most 1.0"),
        (GOOD + "[train.augmentation]\nrotation = 5\n", 'train.augmentation.rotation: unknown variation; did you mean "rotation_deg"?'),
        (GOOD + "[train.augmentation]\ntempo = -1\n", "train.augmentation.tempo: -1 is out of range; it must be at least 0.0"),
        (GOOD + '[dataset]\nlabels = ["a", "a"]\n', "dataset.labels: a label stands twice; name each class once"),
        (GOOD + '[dataset]\nsplit_by = "window"\n', 'dataset.split_by: "window": unknown way to split; known: auto, recording, session, subject'),
        (GOOD + "[budget.cn]\nflash_bytes = 5\n", 'budget.cn: no [[model]] of that name; did you mean "cnn"?'),
        (GOOD.replace("cnn1d", "cnn2d"), 'model[0].architecture: "cnn2d": unknown architecture; did you mean "cnn1d"?'),
        (GOOD.replace('"demo"', '"My Demo"'), 'project.name: "My Demo" is not an identifier; use a lower-case letter, then letters, digits and _; 32 at most'),
        (GOOD + GOOD.split("\n", 3)[3], 'model[1].name: "cnn" stands twice; give each model its own name'),
        ('[project]\nname = "demo"\n', 'model: no model; add [[model]] with name = "cnn" and architecture = "cnn1d"'),
        ("[project\n", "not valid TOML: Expected ']' at the end of a table declaration (at line 1, column 9); strings need quotes, tables need [brackets]"),
    ],
)  # fmt: skip
def test_refusals(tmp_path, text, message):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    file = str(tmp_path / "tinyforge.toml")
    assert str(caught.value) == f"{file}: {message}"


def test_not_utf8(tmp_path):
    (tmp_path / "tinyforge.toml").write_bytes(b'[project]\nname = "\xff"\n')
    with pytest.raises(ConfigError, match="byte 18 is not UTF-8; save the file as UTF-8"):
        load_project(tmp_path)


def test_a_byte_order_mark_is_no_part_of_the_file(tmp_path):
    (tmp_path / "tinyforge.toml").write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert load_project(tmp_path).name == "demo"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("parameters = { filters = [16, -2] }\n", 'model "cnn": parameters.filters[1]: -2 is out of range; it must be 1 to 512'),
        ("parameters = { kernels = [60] }\n", 'model "cnn": parameters.kernels: layer 0 sees 50 samples, fewer than its kernel of 60 and pool of 2; take longer windows, fewer layers, or a smaller kernel or pool'),
        ('[compress]\npattern = "4:2"\n', 'compress.pattern: "4:2" is no pattern; take unstructured, block2, block4, block8, block16 or 2:4'),
        ('[compress]\npattern = "2:4"\nsparsity = 0.8\n', "compress.pattern: 2:4 leaves 50 % zeros, and sparsity says 80 %; write sparsity = 0.5, or take block4 or unstructured"),
    ],
)  # fmt: skip
def test_what_would_stop_a_later_stage_is_said_before_the_first(tmp_path, text, message):
    (tmp_path / "tinyforge.toml").write_text(GOOD + text)
    project = projects.load(tmp_path)  # enough to record, and to look at what was recorded
    with pytest.raises(ConfigError) as caught:
        Road(project, Silent())
    assert str(caught.value) == f"tinyforge.toml: {message}"


def test_a_pattern_is_not_asked_for_where_nothing_is_pruned(tmp_path):
    (tmp_path / "tinyforge.toml").write_text(GOOD + '[compress]\npattern = "2:4"\nsparsity = 0\n')
    project = projects.load(tmp_path)
    projects.check_models(project)
    assert project.plan.sparsity == 0


def test_found_from_below(tmp_path):
    (tmp_path / "tinyforge.toml").write_text(GOOD)
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert find_project(below) == tmp_path / "tinyforge.toml"


def test_no_project(tmp_path):
    with pytest.raises(ConfigError, match="no such file, here or above; `tinyforge init` makes one"):
        find_project(tmp_path)


def test_did_you_mean_lists_all_when_nothing_is_near():
    assert did_you_mean("zzz", ["b", "a"]) == "known: a, b"
    assert did_you_mean("zzz", []) == ""
