using System.Text.Json;

namespace QuantumTrader.Storage;

/// <summary>What was lost of segments before they were sealed, as the sealed one keeps it.</summary>
internal static class SegmentGaps
{
    /// <summary>Gaps that are kept one by one; the rest is told as one.</summary>
    public const int Most = 1000;

    private static readonly JsonSerializerOptions LowerCase = new(JsonSerializerDefaults.Web);

    public static byte[] ToJson(IReadOnlyList<StoreGap> gaps)
    {
        if (gaps.Count > Most)
        {
            var rest = gaps.Skip(Most - 1).ToList();
            gaps = [.. gaps.Take(Most - 1), new StoreGap(rest.Min(g => g.From), rest.Max(g => g.To), $"{rest.Count} further gaps; the first: {rest[0].Reason}")];
        }

        return JsonSerializer.SerializeToUtf8Bytes(gaps, LowerCase);
    }

    /// <summary>Reads what <see cref="ToJson"/> wrote; null when it is something else.</summary>
    public static IReadOnlyList<StoreGap>? TryParse(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize<StoreGap[]>(json, LowerCase);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
