using System.Globalization;

namespace QuantumTrader.Pipelines;

/// <summary>Compares what a block sent with what a test expects, and says every difference in words.</summary>
public static class PipelineTestComparer
{
    /// <summary>The differences, in the order of the events; none when the test holds.</summary>
    /// <param name="expected">What must come out.</param>
    /// <param name="sent">What the block sent, in order; no more than one event beyond those expected is needed.</param>
    /// <param name="count">How many events it sent in all.</param>
    /// <param name="format">Outside form of the events.</param>
    /// <param name="tolerance">Largest difference between numbers that count as equal.</param>
    public static IReadOnlyList<TestDifference> Compare(ExpectedEvents expected, IReadOnlyList<object> sent, long count, IEventFormat format, decimal tolerance = 0)
    {
        var differences = new List<TestDifference>();
        for (var i = 0; i < Math.Min(expected.Events.Count, sent.Count); i++)
        {
            differences.AddRange(Compare(expected.Events[i], TextFieldWriter.Print(format, sent[i]), tolerance));
        }

        foreach (var missing in expected.Events.Skip(sent.Count))
        {
            differences.Add(new TestDifference(missing.Position, missing.Path, $"expected {Show(missing.Fields)}, but '{expected.Block}' sent only {Events(count)}."));
        }

        if (sent.Count > expected.Events.Count)
        {
            var first = Show(TextFieldWriter.Print(format, sent[expected.Events.Count]));
            differences.Add(new TestDifference(expected.Position, expected.Path, $"expected {Events(expected.Events.Count)} of '{expected.Block}', were {count}; the first one too many is {first}."));
        }

        return differences;
    }

    private static IEnumerable<TestDifference> Compare(EventText expected, IReadOnlyDictionary<string, string> sent, decimal tolerance)
    {
        foreach (var (field, text) in expected.Fields)
        {
            if (!sent.TryGetValue(field, out var was))
            {
                yield return Differ(expected, field, $"expected {field} {text}, but the event has no field '{field}'; it is {Show(sent)}.");
            }
            else if (!AreEqual(text, was, tolerance))
            {
                yield return Differ(expected, field, $"expected {field} {text}, was {was}.");
            }
        }
    }

    /// <summary>Numbers and times are equal by value, so that <c>61680.5</c> is <c>61680.50000000</c>; lists are, item by item; all else is equal by letter.</summary>
    private static bool AreEqual(string expected, string was, decimal tolerance)
    {
        if (string.Equals(expected, was, StringComparison.Ordinal))
        {
            return true;
        }

        if (decimal.TryParse(expected, NumberStyles.Float, CultureInfo.InvariantCulture, out var a) && decimal.TryParse(was, NumberStyles.Float, CultureInfo.InvariantCulture, out var b))
        {
            return Math.Abs(a - b) <= tolerance;
        }

        if (TextList.Split(expected) is { } items && TextList.Split(was) is { } others)
        {
            return items.Length == others.Length && items.Zip(others).All(p => AreEqual(p.First, p.Second, tolerance));
        }

        if (IsoTime.TryParse(expected, out var t) && IsoTime.TryParse(was, out var u))
        {
            return t == u;
        }

        return double.TryParse(expected, NumberStyles.Float, CultureInfo.InvariantCulture, out var c)
            && double.TryParse(was, NumberStyles.Float, CultureInfo.InvariantCulture, out var d)
            && (c.Equals(d) || Math.Abs(c - d) <= (double)tolerance);
    }

    private static string Show(IReadOnlyDictionary<string, string> fields) => "{ " + string.Join(", ", fields.Select(f => $"{f.Key}: {f.Value}")) + " }";

    private static TestDifference Differ(EventText expected, string field, string message)
    {
        var (at, path) = expected.Locate(field);
        return new TestDifference(at, path, message);
    }

    private static string Events(long count) => count == 1 ? "1 event" : $"{count} events";
}
