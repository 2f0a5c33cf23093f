using System.Globalization;

namespace QuantumTrader.Pipelines;

/// <summary>Binds single values. Messages print the text of the file, never what was interpolated into it.</summary>
internal static class ScalarBinder
{
    public static bool TryBind(ValueShape shape, RangeAttribute? range, ScalarNode node, string path, FindingList findings, out object? value)
    {
        value = node.Value;
        return shape switch
        {
            TextShape => true,
            BooleanShape => TryBoolean(node, path, findings, out value),
            NumberShape number => TryNumber(number, range, node, path, findings, out value),
            ChoiceShape choice => TryChoice(choice, node, path, findings, out value),
            DurationShape => TryDuration(shape, node, path, findings, out value),
            ShareShape => TryShare(shape, node, path, findings, out value),
            _ => throw new InvalidOperationException($"Invariant: {shape.GetType().Name} is no single value."),
        };
    }

    /// <summary>Legal range of a number in words.</summary>
    public static string? RangeWords(Type type, RangeAttribute? range)
    {
        if (range is null)
        {
            return type == typeof(int) ? $"{int.MinValue} to {int.MaxValue}" : null;
        }

        // int.MaxValue and infinities stand for "no limit".
        var hasMin = range.Min > long.MinValue && (type != typeof(int) || range.Min > int.MinValue);
        var hasMax = range.Max < long.MaxValue && (type != typeof(int) || range.Max < int.MaxValue);
        var min = range.Min.ToString("0.###############", CultureInfo.InvariantCulture);
        var max = range.Max.ToString("0.###############", CultureInfo.InvariantCulture);
        return (hasMin, hasMax) switch
        {
            (true, true) => $"{min} to {max}",
            (true, false) => $"{min} or more",
            (false, true) => $"{max} or less",
            _ => null,
        };
    }

    /// <summary>A duration as users write it, in the largest unit that fits.</summary>
    public static string DurationText(TimeSpan duration)
    {
        foreach (var (seconds, unit) in new[] { (86_400, "d"), (3600, "h"), (60, "m"), (1, "s") })
        {
            if (duration.TotalSeconds >= seconds && duration.TotalSeconds % seconds == 0)
            {
                return string.Create(CultureInfo.InvariantCulture, $"{duration.TotalSeconds / seconds}{unit}");
            }
        }

        return string.Create(CultureInfo.InvariantCulture, $"{duration.TotalMilliseconds:0.###}ms");
    }

    private static bool TryBoolean(ScalarNode node, string path, FindingList findings, out object? value)
    {
        var text = IsQuotedByHand(node) ? "" : node.Value.Trim();
        value = text is "true" or "True" or "TRUE";
        if (value is true || text is "false" or "False" or "FALSE")
        {
            return true;
        }

        var nearest = node.IsInterpolated ? null : node.Raw.Trim().ToUpperInvariant() switch
        {
            "YES" or "ON" or "Y" or "1" or "TRUE" => "true",
            "NO" or "OFF" or "N" or "0" or "FALSE" => "false",
            _ => null,
        };
        findings.Add(FindingCodes.NotABoolean, node.Position, path, $"found {Found(node)}.", "true, false", nearest);
        return false;
    }

    private static bool TryNumber(NumberShape shape, RangeAttribute? range, ScalarNode node, string path, FindingList findings, out object? value)
    {
        var parsed = TryParse(shape.ClrType, node.Value.Trim(), out value);
        var legal = RangeWords(shape.ClrType, range) is { } words ? $"a {shape.Words}, {words}" : $"a {shape.Words}";
        if (!parsed || IsQuotedByHand(node))
        {
            findings.Add(FindingCodes.NotANumber, node.Position, path, $"found {Found(node)}.", legal);
            return false;
        }

        var number = Convert.ToDouble(value, CultureInfo.InvariantCulture);
        if (range is not null && (number < range.Min || number > range.Max))
        {
            findings.Add(FindingCodes.OutOfRange, node.Position, path, $"found {Found(node)}.", legal);
            return false;
        }

        return true;
    }

    private static bool TryChoice(ChoiceShape shape, ScalarNode node, string path, FindingList findings, out object? value)
    {
        var text = node.Value.Trim();
        value = shape.Choices.FirstOrDefault(c => c.Word == text).Value;
        if (value is not null)
        {
            return true;
        }

        var nearest = node.IsInterpolated ? null : NearestName.Of(SnakeCase.From(text).Replace('-', '_'), shape.Choices.Select(c => c.Word));
        findings.Add(FindingCodes.NotAChoice, node.Position, path, $"found {Found(node)}.", shape.Words, nearest);
        return false;
    }

    private static bool TryDuration(ValueShape shape, ScalarNode node, string path, FindingList findings, out object? value)
    {
        var text = node.Value.Trim();
        var unit = text.TrimStart('0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '.');
        var seconds = unit switch { "ms" => 0.001, "s" => 1, "m" => 60, "h" => 3600, "d" => 86_400, _ => 0.0 };
        // A hundred years: far above any option, and far below where the ticks of a TimeSpan end.
        const double MaxSeconds = 100 * 366 * 86_400.0;
        value = null;
        if (seconds == 0 || !double.TryParse(text[..^unit.Length], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) || number * seconds > MaxSeconds)
        {
            findings.Add(FindingCodes.NotADuration, node.Position, path, $"found {Found(node)}.", shape.Words);
            return false;
        }

        value = TimeSpan.FromSeconds(number * seconds);
        return true;
    }

    private static bool TryShare(ValueShape shape, ScalarNode node, string path, FindingList findings, out object? value)
    {
        value = Share.TryParse(node.Value.Trim(), out var share) ? share : null;
        if (value is null)
        {
            findings.Add(FindingCodes.NotAShare, node.Position, path, $"found {Found(node)}.", $"a {shape.Words}; the smallest step is 0.01%");
        }

        return value is not null;
    }

    private static bool TryParse(Type type, string text, out object? value)
    {
        var culture = CultureInfo.InvariantCulture;
        const NumberStyles Decimal = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        value = null;
        if (type == typeof(int) && int.TryParse(text, NumberStyles.AllowLeadingSign, culture, out var i))
        {
            value = i;
        }
        else if (type == typeof(long) && long.TryParse(text, NumberStyles.AllowLeadingSign, culture, out var l))
        {
            value = l;
        }
        else if (type == typeof(double) && double.TryParse(text, Decimal, culture, out var d) && double.IsFinite(d))
        {
            value = d;
        }
        else if (type == typeof(decimal) && decimal.TryParse(text, Decimal, culture, out var m))
        {
            value = m;
        }

        return value is not null;
    }

    /// <summary>Quotes say "this is text"; around a reference to the environment they are only good manners.</summary>
    private static bool IsQuotedByHand(ScalarNode node) => node.IsQuoted && !node.IsInterpolated;

    private static string Found(ScalarNode node) => IsQuotedByHand(node) ? $"the text \"{node.Shown}\"" : node.Kind;
}
