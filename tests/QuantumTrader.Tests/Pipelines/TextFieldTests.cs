using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.Pipelines;

public sealed class TextFieldTests
{
    [Theory]
    [InlineData(0L, "1970-01-01T00:00:00Z")]
    [InlineData(1_723_118_400_250_000_000L, "2024-08-08T12:00:00.25Z")]
    [InlineData(1_723_118_400_000_000_001L, "2024-08-08T12:00:00.000000001Z")]
    [InlineData(-1L, "1969-12-31T23:59:59.999999999Z")]
    public void Times_are_iso_texts_in_utc_with_the_decimals_they_need(long nanoseconds, string text) => IsoTime.ToText(nanoseconds).ShouldBe(text);

    [Theory]
    [InlineData("2024-08-08 12:00:00Z", 1_723_118_400_000_000_000L)]
    [InlineData("2024-08-08T09:00:00-03:00", 1_723_118_400_000_000_000L)]
    [InlineData("2024-08-08T12:00:00.0000000019Z", 1_723_118_400_000_000_001L)]
    public void Times_are_read_with_their_zone(string text, long nanoseconds)
    {
        IsoTime.TryParse(text, out var read).ShouldBeTrue();
        read.ShouldBe(nanoseconds);
    }

    [Theory]
    [InlineData("2024-08-08T12:00:00")]
    [InlineData("2024-08-08")]
    [InlineData("2024-02-30T12:00:00Z")]
    [InlineData("2024-08-08T12:00:00.Z")]
    [InlineData("2024-08-08T12:00:00Zx")]
    [InlineData("1723118400")]
    [InlineData("2024-08-08T12:00:00.000000000000000000000000000000000Z")]
    public void A_time_without_zone_or_sense_is_no_time(string text) => IsoTime.TryParse(text, out _).ShouldBeFalse();

    [Fact]
    public void Every_kind_of_field_comes_back_as_it_was()
    {
        var writer = new TextFieldWriter();
        writer.Time("time", 1_723_118_400_250_000_000L);
        writer.Whole("whole", long.MinValue);
        writer.Fixed("fixed", 6_168_050_000_000);
        writer.Real("real", 0.1 + 0.2);
        writer.Text("text", " as it is ");
        writer.Reals("reals", [1, -2.5, double.NaN]);
        writer.Bits("bits", [2047, ulong.MaxValue]);
        writer.Reals("none", []);

        writer.Fields.ShouldBe(new Dictionary<string, string>
        {
            ["time"] = "2024-08-08T12:00:00.25Z",
            ["whole"] = "-9223372036854775808",
            ["fixed"] = "61680.5",
            ["real"] = "0.30000000000000004",
            ["text"] = " as it is ",
            ["reals"] = "[1, -2.5, NaN]",
            ["bits"] = "[0x7ff, 0xffffffffffffffff]",
            ["none"] = "[]",
        });
        var reader = new TextFieldReader(writer.Fields);
        reader.Time("time").ShouldBe(1_723_118_400_250_000_000L);
        reader.Whole("whole").ShouldBe(long.MinValue);
        reader.Fixed("fixed").ShouldBe(6_168_050_000_000);
        reader.Real("real").ShouldBe(0.1 + 0.2);
        reader.Text("text").ShouldBe(" as it is ");
        reader.Reals("reals").ShouldBe([1, -2.5, double.NaN]);
        reader.Bits("bits").ShouldBe([2047UL, ulong.MaxValue]);
        reader.Reals("none").ShouldBeEmpty();
    }

    [Fact]
    public void Fields_that_are_not_there_have_defaults()
    {
        var reader = new TextFieldReader(new Dictionary<string, string>());
        (reader.Has("x"), reader.Time("x"), reader.Whole("x"), reader.Fixed("x"), reader.Real("x"), reader.Text("x")).ShouldBe((false, 0L, 0L, 0L, 0.0, ""));
        reader.Reals("x").ShouldBeEmpty();
        reader.Bits("x").ShouldBeEmpty();
    }

    [Fact]
    public void What_cannot_be_read_is_refused_with_what_is_legal()
    {
        var reader = new TextFieldReader(new Dictionary<string, string> { ["x"] = "1,5" });

        Refusal(() => reader.Time("x")).ShouldBe("'1,5' is not a time in UTC, such as 2024-08-08T12:00:00.25Z.");
        Refusal(() => reader.Whole("x")).ShouldBe("'1,5' is not a whole number.");
        Refusal(() => reader.Fixed("x")).ShouldBe("'1,5' is not a decimal number, such as 61680.5.");
        Refusal(() => reader.Real("x")).ShouldBe("'1,5' is not a number.");
        Refusal(() => reader.Reals("x")).ShouldBe("'1,5' is not a list of numbers, such as [1, 2.5].");
        Refusal(() => reader.Bits("x")).ShouldBe("'1,5' is not a list of words, such as [0x7ff].");
        Refusal(() => reader.Whole32("y") + reader.Choice("x", StringSplitOptions.None)).ShouldBe("found '1,5'. Legal: none, remove_empty_entries, trim_entries.");
        Refusal(() => new TextFieldReader(new Dictionary<string, string> { ["x"] = "3000000000" }).Whole32("x")).ShouldBe("found 3000000000. Legal: -2147483648 to 2147483647.");
    }

    private static string Refusal<T>(Func<T> read)
    {
        var error = Should.Throw<FieldException>(() => read());
        error.Field.ShouldBe("x");
        return error.Message;
    }
}
