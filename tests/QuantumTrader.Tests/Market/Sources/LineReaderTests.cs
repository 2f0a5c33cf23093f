using System.Text;
using FsCheck;
using FsCheck.Fluent;
using QuantumTrader.Market.Sources;

namespace QuantumTrader.Tests.Market.Sources;

public sealed class LineReaderTests
{
    private static List<(LineResult Result, string Text, long Number)> Read(Stream stream, int limit = LineReader.DefaultLimit)
    {
        using var reader = new LineReader(stream, limit);
        var lines = new List<(LineResult, string, long)>();
        while (reader.Read(out var line) is var result && result != LineResult.End)
        {
            lines.Add((result, Encoding.UTF8.GetString(line), reader.Number));
        }

        return lines;
    }

    [Fact]
    public void Any_lines_come_back_however_the_stream_cuts_them() => Prop.ForAll(
        Gen.ListOf(Gen.Frequency((9, Gen.Choose(0, 30)), (1, Gen.Choose(100_000, 600_000)))).ToArbitrary(),
        Gen.Choose(1, 300_000).ToArbitrary(),
        (lengths, piece) =>
        {
            var expected = lengths.Select((length, i) => new string((char)('a' + (i % 26)), length)).ToArray();
            var text = string.Concat(expected.Select(l => l + "\n"));
            using var stream = new Pieces(Encoding.UTF8.GetBytes(text), piece);
            return Read(stream).SequenceEqual(expected.Select((l, i) => (LineResult.Line, l, i + 1L)));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(60));

    [Fact]
    public void Carriage_returns_go_and_the_last_line_needs_no_end() =>
        Read(new MemoryStream("a\r\n\r\nb"u8.ToArray())).Select(l => l.Text).ShouldBe(["a", "", "b"]);

    [Theory]
    [InlineData(9, LineResult.Line)]
    [InlineData(10, LineResult.Line)]
    [InlineData(11, LineResult.TooLong)]
    [InlineData(1_000_000, LineResult.TooLong)]
    public void A_line_above_the_limit_is_skipped_and_its_start_given(int length, LineResult expected)
    {
        foreach (var end in new[] { "\nnext\n", "" })
        {
            var lines = Read(new MemoryStream(Encoding.UTF8.GetBytes(new string('x', length) + end)), limit: 10);
            lines[0].Result.ShouldBe(expected);
            lines[0].Text.ShouldStartWith(new string('x', 9));
            lines.Skip(1).ShouldBe(end.Length > 0 ? [(LineResult.Line, "next", 2L)] : []);
        }
    }

    [Fact]
    public void An_error_of_the_stream_comes_after_the_lines_before_it()
    {
        using var reader = new LineReader(new Pieces("a\nb\nhalf"u8.ToArray(), 3) { FailsAtEnd = true });
        reader.Read(out _).ShouldBe(LineResult.Line);
        reader.Read(out var b).ShouldBe(LineResult.Line);
        Encoding.UTF8.GetString(b).ShouldBe("b");
        Should.Throw<InvalidDataException>(() => reader.Read(out _));
        reader.Number.ShouldBe(2);
    }

    [Fact]
    public void Reading_allocates_nothing_per_line()
    {
        var text = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("some line\n", 10_000)));
        using var reader = new LineReader(new MemoryStream(text));
        reader.Read(out _);
        var before = GC.GetAllocatedBytesForCurrentThread();
        while (reader.Read(out _) != LineResult.End)
        {
        }

        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(10_000, "not even one byte for each line");
        reader.Number.ShouldBe(10_000);
        reader.Bytes.ShouldBe(text.Length);
    }

    /// <summary>A stream that gives only so many bytes at once.</summary>
    private sealed class Pieces(byte[] bytes, int size) : MemoryStream(bytes)
    {
        public bool FailsAtEnd { get; init; }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var read = base.Read(buffer, offset, Math.Min(count, size));
            return read > 0 || !FailsAtEnd ? read : throw new InvalidDataException("broken");
        }
    }
}
