using System.Globalization;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Rollout.Serving;

/// <summary>Says whether two answers to the same operation are the same, by the rules of the pipeline. One thread at a time.</summary>
internal sealed class AnswerComparer<T>(EventFormat<T> format, CompareOptions options) where T : struct, Dataflow.IEvent<T>
{
    private readonly FieldValues _baseline = new();
    private readonly FieldValues _candidate = new();
    private readonly HashSet<string> _ignored = [.. options.Ignore.Select(i => i.Path)];

    /// <summary>What came of it.</summary>
    public Outcome Compare(T baseline, T candidate)
    {
        _baseline.Read(format, in baseline);
        _candidate.Read(format, in candidate);
        var outcome = Outcome.Match;
        foreach (var field in format.Fields)
        {
            if (Agree(field))
            {
                continue;
            }

            if (!_ignored.Contains(field))
            {
                return Outcome.Mismatch;
            }

            outcome = Outcome.Ignored;
        }

        return outcome;
    }

    /// <summary>The values of a field in the two answers that were compared last; false when it is no single number in both.</summary>
    public bool TryPair(string field, out double baseline, out double candidate) =>
        _baseline.Numbers.TryGetValue(field, out baseline) & _candidate.Numbers.TryGetValue(field, out candidate);

    private bool Agree(string field)
    {
        if (options.Fields.TryGetValue(field, out var rule))
        {
            return rule.Agree == Agreement.Class ? TextOf(_baseline, field) == TextOf(_candidate, field) : Numbers(field, rule);
        }

        // Without rules every number counts; texts name who answered, and when is no part of the answer.
        return options.Fields.Count > 0 || field is "seq" or "ts" or "recv" || Numbers(field, Exact);
    }

    private static readonly FieldRule Exact = new();

    private bool Numbers(string field, FieldRule rule)
    {
        if (_baseline.Vectors.TryGetValue(field, out var expected) | _candidate.Vectors.TryGetValue(field, out var found))
        {
            return expected is not null && found?.Length == expected.Length && expected.Zip(found).Count(p => !Close(p.First, p.Second, rule)) <= rule.MaxViolations;
        }

        return _baseline.Numbers.TryGetValue(field, out var a) == _candidate.Numbers.TryGetValue(field, out var b) && Close(a, b, rule);
    }

    private static bool Close(double a, double b, FieldRule rule)
    {
        if (double.IsNaN(a) || double.IsNaN(b))
        {
            return rule.NanEqual && double.IsNaN(a) && double.IsNaN(b);
        }

        if (rule.Agree == Agreement.Sign)
        {
            return Math.Sign(a) == Math.Sign(b);
        }

        var difference = Math.Abs(a - b);
        return a == b
            || difference <= rule.Abs
            || difference <= rule.Rel * Math.Max(Math.Abs(a), Math.Abs(b))
            || (rule.Ulp is { } ulps && Math.Sign(a) == Math.Sign(b) && Math.Abs(BitConverter.DoubleToInt64Bits(a) - BitConverter.DoubleToInt64Bits(b)) <= ulps);
    }

    private static string TextOf(FieldValues values, string field) =>
        values.Texts.TryGetValue(field, out var text) ? text : values.Numbers.TryGetValue(field, out var number) ? number.ToString("R", CultureInfo.InvariantCulture) : "";
}
