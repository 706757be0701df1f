"""Augmentation does what its documentation says it models, and nothing else."""

import numpy as np
import pytest

from tinyforge.core.errors import ConfigError
from tinyforge.core.types import IMU_CHANNELS
from tinyforge.dataset.augment import AugmentSpec, augment
from tinyforge.virtual.motion import open_motion, read_motion

NAMES = tuple(c.name for c in IMU_CHANNELS)
NOTHING = AugmentSpec(*[0.0] * 8)


def only(**sizes):
    return AugmentSpec(**{name: sizes.get(name, 0.0) for name in AugmentSpec.__dataclass_fields__})


@pytest.fixture(scope="module")
def windows():
    motion = open_motion("police:label=accelerate,subject=3,noise=0")
    return read_motion(motion, 0, 3200).reshape(64, 50, 6)


def test_nothing_changes_nothing(windows):
    assert np.allclose(augment(windows, NAMES, np.random.default_rng(1), NOTHING), windows, atol=1e-4)


def test_the_seed_decides_and_the_input_stays(windows):
    before = windows.copy()
    one, two, other = (augment(windows, NAMES, np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)
    assert np.array_equal(windows, before)
    assert one.shape == windows.shape
    assert one.dtype == np.float32


def test_every_window_is_varied_by_its_own_amount(windows):
    same = np.repeat(windows[:1], 64, axis=0)
    varied = augment(same, NAMES, np.random.default_rng(1))
    assert len(np.unique(varied.round(4), axis=0)) == 64


def test_rotation_turns_both_sensors_together(windows):
    turned = augment(windows, NAMES, np.random.default_rng(1), only(rotation_deg=6.0))
    for part in (slice(0, 3), slice(3, 6)):
        assert np.allclose(
            np.linalg.norm(turned[..., part], axis=2), np.linalg.norm(windows[..., part], axis=2), rtol=1e-3, atol=1e-3
        )
    dot = (windows[..., :3] * windows[..., 3:]).sum(axis=2)
    assert np.allclose((turned[..., :3] * turned[..., 3:]).sum(axis=2), dot, atol=0.05)
    angles = []
    for before, after in zip(windows, turned, strict=True):
        u, _, vt = np.linalg.svd(before.reshape(-1, 3).T @ after.reshape(-1, 3))
        angles.append(np.degrees(np.arccos(np.clip((np.trace(u @ vt) - 1) / 2, -1, 1))))
    assert 4 < np.sqrt(np.mean(np.square(angles)) / 3) < 8
    assert max(angles) < 2.5 * 6 * np.sqrt(3) + 0.1


def test_amplitude_leaves_gravity_alone(windows):
    wider = augment(windows, NAMES, np.random.default_rng(1), only(amplitude=0.1))
    assert np.allclose(wider[..., :3].mean(axis=1), windows[..., :3].mean(axis=1), atol=1e-4)
    factors = wider[..., 3:].std(axis=(1, 2)) / windows[..., 3:].std(axis=(1, 2))
    assert 0.07 < np.log(factors).std() < 0.13
    assert np.allclose(wider[..., :3].std(axis=1) / windows[..., :3].std(axis=1), factors[:, None], rtol=1e-3)


def test_a_quicker_tempo_is_what_the_quicker_movement_would_give():
    """A sine of rotation, w times as quick: the same angles, w times the rate, w^2 the acceleration."""
    time_s = (np.arange(50) - 24.5) / 100
    pulse = 2 * np.pi * 1.5
    window = np.zeros((1, 50, 6), np.float32)
    window[0, :, 2] = 1.0
    window[0, :, 0] = np.sin(pulse * time_s)  # odd about the middle: its mean is 0 at any tempo
    window[0, :, 4] = np.cos(pulse * time_s) * 90
    seen = set()
    for seed in range(20):
        out = augment(window, NAMES, np.random.default_rng(seed), only(tempo=0.06))[0]
        w = out[24:26, 4].mean() / window[0, 24:26, 4].mean()
        inside = np.abs(w * time_s) < 0.24  # what was recorded
        assert np.allclose(out[inside, 4], w * 90 * np.cos(pulse * w * time_s)[inside], atol=0.5)
        assert np.allclose(out[inside, 0], w**2 * np.sin(pulse * w * time_s)[inside], atol=0.01)
        assert np.allclose(out[:, 2], 1.0, atol=1e-5)
        seen.add(round(float(w), 3))
    assert len(seen) > 15
    assert 0.85 < min(seen) < 0.97
    assert 1.03 < max(seen) < 1.17


def test_shift_moves_the_window_and_holds_its_end():
    ramp = np.arange(50, dtype=np.float32)[None, :, None] * np.ones((200, 1, 6), np.float32)
    out = augment(ramp, ("a", "b", "c", "d", "e", "f"), np.random.default_rng(2), only(shift_samples=2.0))
    moved = out[:, 25, 0] - 25
    assert 1.5 < moved.std() < 2.4
    assert np.abs(moved).max() <= 5.0 + 1e-4
    assert np.allclose(out[:, :, 0], np.clip(np.arange(50) + moved[:, None], 0, 49), atol=1e-4)


def test_bias_and_noise_have_their_size():
    still = np.zeros((2000, 50, 6), np.float32)
    out = augment(still, NAMES, np.random.default_rng(3), only(accel_bias_g=0.01, gyro_bias_dps=1.0))
    assert np.ptp(out, axis=1).max() == 0
    assert np.allclose(out[:, 0].std(axis=0), [0.01] * 3 + [1.0] * 3, rtol=0.07)
    out = augment(still, NAMES, np.random.default_rng(3), only(accel_noise_g=0.004, gyro_noise_dps=0.2))
    assert np.allclose(out.std(axis=(0, 1)), [0.004] * 3 + [0.2] * 3, rtol=0.02)


def test_a_still_sensor_still_feels_one_g(windows):
    still = np.zeros((100, 50, 6), np.float32)
    still[..., 2] = 1.0
    out = augment(still, NAMES, np.random.default_rng(4))
    assert np.allclose(np.linalg.norm(out[..., :3], axis=2), 1.0, atol=0.06)


def test_three_axes_other_columns_and_one_sample(windows):
    rng = np.random.default_rng(1)
    accel_only = augment(windows[..., :3], NAMES[:3], rng)
    assert accel_only.shape == (64, 50, 3)
    mixed = np.concatenate([windows, np.full((64, 50, 1), 21.5, np.float32)], axis=2)
    assert np.allclose(augment(mixed, (*NAMES, "temp"), rng)[..., 6], 21.5)
    assert augment(windows[:, :1], NAMES, rng).shape == (64, 1, 6)
    assert augment(windows[:0], NAMES, rng).shape == (0, 50, 6)


def test_heading_turns_about_gravity(windows):
    turned = augment(windows, NAMES, np.random.default_rng(1), only(heading_deg=180.0))
    assert np.allclose(turned[..., :3].mean(axis=1), windows[..., :3].mean(axis=1), atol=1e-4)  # gravity stays
    up = windows[..., :3].mean(axis=1, keepdims=True)
    up /= np.linalg.norm(up, axis=2, keepdims=True)
    for part in (slice(0, 3), slice(3, 6)):
        along = ((windows[..., part] * up).sum(axis=2), (turned[..., part] * up).sum(axis=2))
        assert np.allclose(*along, rtol=1e-3, atol=0.05)
    assert np.abs(turned - windows).max() > 10


def test_turned_is_half_a_turn_about_one_axis(windows):
    turned = augment(windows, NAMES, np.random.default_rng(1), only(turned=1.0))
    half_turns = [np.array(signs * 2) for signs in ([1, -1, -1], [-1, 1, -1], [-1, -1, 1])]
    fits = np.array([[np.allclose(windows[k] * s, turned[k], atol=1e-2) for s in half_turns] for k in range(64)])
    assert (fits.sum(axis=1) == 1).all()
    assert fits.any(axis=0).all()
    some = augment(windows, NAMES, np.random.default_rng(1), only(turned=0.25))
    assert 4 < np.count_nonzero(np.abs(some - windows).max(axis=(1, 2)) > 0.1) < 30


def test_mirrored_is_what_the_other_hand_would_have_measured(windows):
    mirrored = augment(windows, NAMES, np.random.default_rng(1), only(mirrored=1.0))
    assert np.allclose(mirrored, windows * [-1, 1, 1, 1, -1, -1], atol=1e-5)
    # physics holds in the mirror: v rotates by -w x v in the sensor, w being the mirrored axial vector
    v, w, mirror = np.array([0.3, -0.5, 0.8]), np.array([1.0, 2.0, -0.7]), np.diag([-1.0, 1.0, 1.0])
    assert np.allclose(mirror @ -np.cross(w, v), -np.cross(w * [1, -1, -1], mirror @ v))


def test_dropout_holds_the_sample_before(windows):
    count = 400
    ramp = np.tile(np.arange(50, dtype=np.float32)[None, :, None], (count, 1, 6))
    out = augment(ramp, NAMES, np.random.default_rng(1), only(dropout=0.2))[..., 0]
    lost = out != ramp[..., 0]
    assert not lost[:, 0].any()
    assert 0.15 < lost.mean() < 0.22
    steps = np.diff(out, axis=1)
    assert ((steps == 0) == lost[:, 1:]).all()
    bursts = np.count_nonzero(np.diff(lost.astype(int), axis=1) == 1)
    assert 2.3 < lost.sum() / bursts < 3.5


def test_new_variations_leave_the_draws_of_the_old_ones_alone(windows):
    plain = augment(windows, NAMES, np.random.default_rng(7))
    assert np.array_equal(plain, augment(windows, NAMES, np.random.default_rng(7), mirrored=0.0, dropout=0.0))


@pytest.mark.parametrize(
    ("name", "value"), [("dropout", 0.8), ("turned", 1.2), ("mirrored", -0.1), ("heading_deg", 181)]
)
def test_a_probability_that_is_none(name, value):
    with pytest.raises(ConfigError, match=f"augmentation: {name} is {value:g}; it must be 0 to "):
        AugmentSpec(**{name: value})
