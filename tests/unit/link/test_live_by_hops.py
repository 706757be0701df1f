"""LIVE with a model that takes the new samples of its window: the same predictions as with whole windows."""

import itertools

import numpy as np
import pytest
from tfw_host import COMMON, HERE, HostBoard, common_sources, compile_c, sanitizer_flags, toy_info, toy_scores

from tinyforge.boards import load_board
from tinyforge.core.errors import UsageError
from tinyforge.core.types import Channel
from tinyforge.evaluate.host_c import load_invoke
from tinyforge.firmware.manifest import model_sources, read_info, read_manifest
from tinyforge.firmware.project import binding_of, render
from tinyforge.link import Mode
from tinyforge.pipeline import models
from tinyforge.pipeline.eject import eject
from tinyforge.runtimes.preprocess import preprocess

ROOT = COMMON.parents[1]
MODEL = ROOT / "models" / "activities_cnn1d" / "activities_cnn1d.tflite"
GAPS = ("noise", "lose-every", "173", "7")


def live(link, count, *, hop=0):
    """The next predictions of a run that begins."""
    link.start_live(hop=hop, send_windows=True)
    found = list(itertools.islice(link.predictions(), count))
    link.stop_stream()
    return found


def same(one, two):
    return (
        [p.first_index for p in one] == [p.first_index for p in two]
        and all(np.array_equal(p.window, q.window) for p, q in zip(one, two, strict=True))
        and [p.inference.input_crc for p in one] == [p.inference.input_crc for p in two]
    )


# hops that divide the length, and that do not: then the first call is for fewer samples
@pytest.mark.parametrize(("length", "hop"), [(50, 25), (50, 10), (50, 1), (50, 49), (50, 20), (7, 3), (2, 1)])
@pytest.mark.parametrize("arguments", [("noise",), GAPS], ids=["whole", "gaps"])
def test_new_samples_alone_give_the_same_predictions(length, hop, arguments):
    info = toy_info(length, hop=hop)
    with HostBoard(info, arguments) as link:
        expected = live(link, 60)
    with HostBoard(info, arguments, slides=True) as link:
        found = live(link, 60)
    assert same(found, expected)
    starts = 0
    for before, one in itertools.pairwise([None, *found]):
        starts += before is None or one.first_index != before.first_index + hop
        scores = toy_scores(one.window)[1]
        assert list(one.inference.scores) == [*scores[:2], starts]  # begun anew after each gap, and never else
    # a stretch shorter than the window gives no prediction and begins nothing that can be seen
    assert starts == 1 or "lose-every" in arguments


def test_columns_and_units_of_a_model():
    info = toy_info(20, (Channel("gz", "rad/s"), Channel("ax", "m/s^2"), Channel("ay", "g")), hop=4)
    with HostBoard(info, ("noise",)) as link:
        expected = live(link, 20)
    with HostBoard(info, ("noise",), slides=True) as link:
        assert same(live(link, 20), expected)


def test_another_hop_than_the_models_takes_whole_windows():
    info = toy_info(50, hop=10)
    with HostBoard(info, ("noise",), slides=True) as link:
        for hop in (5, 20, 50, 73):
            for one in live(link, 8, hop=hop):
                assert np.array_equal(one.inference.scores, toy_scores(one.window)[1])
        assert [one.inference.scores[2] for one in live(link, 8, hop=10)] == [1] * 8  # the first that slides


def test_modes_and_infer_in_between():
    """Each run of LIVE begins anew; INFER takes whole windows, whatever LIVE has left behind."""
    info = toy_info(50, hop=10)
    chance = np.random.default_rng(1)
    with HostBoard(info, ("noise",), slides=True) as link:
        for run in range(1, 6):
            for one in live(link, 2 + run):
                assert list(one.inference.scores) == [*toy_scores(one.window)[1][:2], run]
            for _ in range(3):
                raw = chance.normal(0, 4, (50, 6)).astype(np.float32)
                assert np.array_equal(link.infer(raw).scores, toy_scores(raw)[1])
            link.start_stream(100.0 + run)  # another rate in between
            next(link.samples())
            assert link.stop_stream().mode == Mode.STREAM
        before = link.stats().inferences
        link.start_live()
        list(itertools.islice(link.predictions(), 3))
        assert link.stop_stream().sent == link.stats().inferences - before  # calls that fill the window are no answers


def export(folder, hop):
    """A network of the zoo for whole windows and, where that pays, for new samples."""
    models.export(MODEL, folder, stream=True, hop=hop, whole=True)
    return folder


def program(model_dir, info, folder):
    manifest = read_manifest(model_dir)
    binding = folder / "tfw_model.c"
    binding.write_text(binding_of(model_dir, manifest).replace(f".window_hop = {info.window.hop}", ".window_hop = HOP"))
    includes = [f"-I{model_dir / part}" for part in manifest["include_dirs"]]
    flags = ("-DTFW_WITH_MODEL", "-DTFW_SLIDE", f"-DHOP={manifest['sliding']['hop']}", *includes, *sanitizer_flags())
    sources = [*common_sources(), HERE / "hal_host.c", binding, *model_sources(model_dir, manifest, "portable")]
    return compile_c(sources, folder / "board", flags)


@pytest.mark.parametrize("hop", [8, 10, 12])  # one copy of the rows, four, and two
def test_a_network_under_sanitizers(hop, tmp_path):
    model_dir = export(tmp_path / "model", hop)
    manifest, info = read_manifest(model_dir), read_info(model_dir)
    board = HostBoard(arguments=("noise", "lose-every", "331", "13"), program=program(model_dir, info, tmp_path))
    with board as link:
        found = [*live(link, 150), *live(link, 20)]
    assert len({tuple(one.inference.scores) for one in found}) > 10
    said = manifest["input"]
    windows = np.stack([one.window for one in found])
    quantized = preprocess(info, said["scale"], said["zero_point"], windows)
    scores = load_invoke(model_dir)(quantized).reshape(len(found), -1)
    assert np.array_equal(scores, np.stack([one.inference.scores for one in found]))
    gaps = sum(two.first_index != one.first_index + hop for one, two in itertools.pairwise(found[:150]))
    assert gaps >= 2


@pytest.mark.parametrize(("hop", "slides"), [(10, True), (90, False)])
def test_the_application_is_told_where_it_pays(hop, slides, tmp_path):
    model_dir = export(tmp_path / "model", hop)
    project = render(load_board("virtual"), tmp_path / "with", model_dir=model_dir)
    assert ('"TFW_SLIDE": "1"' in (project / "tinyforge.json").read_text()) is slides
    assert (".slide_hop = 10," in (project / "model" / "tfw_model.c").read_text()) is slides


@pytest.mark.parametrize(
    ("options", "fact"),
    [
        ({"model": MODEL, "link": "eembc"}, "MLPerf Tiny's runner asks for whole windows"),
        ({}, "there is no model whose windows would slide"),
    ],
    ids=["runner", "no model"],
)
def test_a_project_that_could_not_stream_is_not_written(options, fact, tmp_path):
    with pytest.raises(UsageError, match=f"--stream: .*{fact}") as caught:
        eject(tmp_path / "mine", stream=True, **options)
    assert caught.value.way_out == "leave it out"
    assert not (tmp_path / "mine").exists()
