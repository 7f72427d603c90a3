import pytest

from vidgen_pipeline.providers.voice.spoken_length import spoken_lengths


def letters(text: str, language: str = "en") -> float:
    """What a text adds to the length of the words beside it."""
    return sum(spoken_lengths(text.split(), language)) - len(text.split())


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("$3.2bn", "three point two billion dollars"),
        ("4,000,000", "four million"),
        ("1938", "nineteen thirtyeight"),
        ("2007", "two thousand seven"),
        ("1905", "nineteen oh five"),
        ("1900", "nineteen hundred"),
        ("90,210", "ninety thousand two hundred ten"),
        ("23%", "twentythree percent"),
        ("0.50", "zero point five zero"),
        ("007", "zero zero seven"),
        ("0", "zero"),
        ("Dr.", "Doctor"),
        ("e.g.", "for example"),
        ("hello,", "hello"),
        ("Łódź", "Łódź"),
    ],
)
def test_a_word_is_as_long_as_what_is_said_for_it(written: str, said: str):
    assert letters(written) == sum(map(str.isalpha, said))


def test_initials_are_longer_than_they_look_and_silent_words_have_a_place():
    assert letters("FBI") > letters("fib")
    assert spoken_lengths(["so", "🎉", "—"], "en") == [3.0, 1.0, 1.0]
    assert spoken_lengths(["much 🎉", "New York"], "en") == [5.0, 8.0]


def test_elsewhere_a_digit_counts_as_some_letters():
    assert spoken_lengths(["1.250", "Gäste"], "de") == [13.0, 6.0]
    assert spoken_lengths(["大", "12"], "zh") == [2.0, 7.0]


def test_any_number_has_a_length():
    lengths = spoken_lengths([str(10**power) for power in range(25)], "en")
    assert min(lengths) > 1
