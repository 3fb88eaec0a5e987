"""Random numbers: the published vectors of Philox, and a second implementation of it."""

import hashlib

import numpy as np
import pytest
from scipy import stats

from looprisk.cascade import draws
from looprisk.cascade.draws import normals, poissons, raw_words, uniforms

WORD = 2**64 - 1

# Random123, tests/kat_vectors, the three lines of philox4x64 with 10 rounds: counter, key, answer
PUBLISHED = [
    (
        [0, 0, 0, 0],
        [0, 0],
        [0x16554D9ECA36314C, 0xDB20FE9D672D0FDC, 0xD7E772CEE186176B, 0x7E68B68AEC7BA23B],
    ),
    (
        [WORD] * 4,
        [WORD] * 2,
        [0x87B092C3013FE90B, 0x438C3C67BE8D0224, 0x9CC7D7C69CD777B6, 0xA09CAEBF594F0BA0],
    ),
    (
        [0x243F6A8885A308D3, 0x13198A2E03707344, 0xA4093822299F31D0, 0x082EFA98EC4E6C89],
        [0x452821E638D01377, 0xBE5466CF34E90C6C],
        [0xA528F45403E61D95, 0x38C72DBD566E9788, 0xA5A1610E72FD18B5, 0x57BD43B5E52B7FE6],
    ),
]


def philox(counter, key):
    """Ten rounds of Philox4x64 in integers of Python."""
    c, k = list(counter), list(key)
    for _ in range(10):
        high = c[0] * 0xD2E7470EE14C6C93
        low = c[2] * 0xCA5A826395121157
        c = [(low >> 64) ^ c[1] ^ k[0], low & WORD, (high >> 64) ^ c[3] ^ k[1], high & WORD]
        k = [(k[0] + 0x9E3779B97F4A7C15) & WORD, (k[1] + 0xBB67AE8584CAA73B) & WORD]
    return c


@pytest.mark.parametrize(("counter", "key", "answer"), PUBLISHED)
def test_the_published_vectors(counter, key, answer):
    assert philox(counter, key) == answer
    # numpy counts up before it draws: the block before is set to come
    number = sum(word << (64 * at) for at, word in enumerate(counter))
    before = (number - 1) % 2**256
    words = [(before >> (64 * at)) & WORD for at in range(4)]
    generator = np.random.Philox(
        key=np.array(key, dtype=np.uint64), counter=np.array(words, dtype=np.uint64)
    )
    assert generator.random_raw(4).tolist() == answer


@pytest.mark.parametrize(("seed", "path"), [(0, 0), (7, 3), (20251010, 999), (2**63, 2**40)])
def test_word_i_of_a_path_is_word_i_of_its_stream(seed, path):
    """Block b has the counter b + 1, the key is (seed, path)."""
    words = raw_words(seed, range(path, path + 1), 11)[0].tolist()
    blocks = [word for b in range(1, 4) for word in philox([b, 0, 0, 0], [seed, path])]
    assert words == blocks[:11]


def test_a_path_does_not_know_its_batch():
    large = draws.draws(5, range(1_000), 3, 2)
    small = draws.draws(5, range(8), 3, 2)
    alone = draws.draws(5, range(7, 8), 3, 2)
    assert large[7].tobytes() == small[7].tobytes() == alone[0].tobytes()
    assert large[7].tobytes() != large[8].tobytes()
    # a longer run begins alike
    assert draws.draws(5, range(7, 8), 50, 2)[0, :3].tobytes() == large[7].tobytes()


def test_the_number_of_a_draw_is_its_place():
    found = draws.draws(9, range(4, 5), 3, 2)[0]
    words = uniforms(raw_words(9, range(4, 5), 18))[0]
    for step in range(3):
        for asset in range(2):
            for slot in range(3):
                assert found[step, asset, slot] == words[(step * 2 + asset) * 3 + slot]


def test_the_same_seed_gives_the_same_bytes():
    """Fixed for good: a change of this digest changes every seeded scenario."""
    words = raw_words(20251010, range(4), 256)
    assert hashlib.sha256(words.tobytes()).hexdigest() == (
        "203ae80b0520b58b40c1f7fae0a2f7e089c0feb7cf312544203b7974226a9250"
    )


def test_uniforms_stay_inside():
    ends = uniforms(np.array([0, 2047, 2048, 2**64 - 1], dtype=np.uint64))
    assert ends[0] == ends[1] == 2.0**-54
    assert ends[2] == 1.5 * 2.0**-53
    assert ends[3] == 1 - 2.0**-53
    assert np.isfinite(normals(ends)).all()


def test_the_quantiles_against_the_distributions():
    u = uniforms(raw_words(1, range(1), 20_000))[0]
    assert stats.norm.cdf(normals(u)) == pytest.approx(u, rel=1e-11)
    for mean in (1e-4, 0.3, 4.0, 60.0, 650.0):
        n = poissons(u, mean)
        assert (stats.poisson.cdf(n, mean) >= u * (1 - 1e-12)).all()
        assert (stats.poisson.cdf(n - 1, mean) <= u * (1 + 1e-12)).all()
    with pytest.raises(ValueError, match="jumps in one step"):
        poissons(u, 1e4)


def test_uniforms_are_uniform_and_paths_independent():
    """Fixed seed, bound of five deviations: 200,000 draws, and neighbours in path and in place."""
    u = uniforms(raw_words(11, range(200), 1_000))
    n = u.size
    assert abs(u.mean() - 0.5) < 5 * np.sqrt(1 / 12 / n)
    assert abs(np.square(u).mean() - 1 / 3) < 5 * np.sqrt(4 / 45 / n)
    counts = np.histogram(u, bins=64, range=(0, 1))[0]
    chi = ((counts - n / 64) ** 2 / (n / 64)).sum()
    assert abs(chi - 63) < 5 * np.sqrt(2 * 63)
    z = normals(u)
    for one, other in ((z[1:], z[:-1]), (z[:, 1:], z[:, :-1])):
        assert abs((one * other).mean()) < 5 / np.sqrt(one.size)
