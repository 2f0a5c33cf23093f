using QuantumTrader.Pipelines;

namespace QuantumTrader.Market;

/// <summary>The file <c>config/instruments.yml</c>.</summary>
internal static class Instruments
{
    /// <summary>The instruments of these symbols, in their order.</summary>
    public static Instrument[] Find(IReadOnlyList<string> symbols, SectionContext files)
    {
        if (symbols.Count == 0)
        {
            throw new ConfigurationException("symbols", "the list was empty; name at least one symbol of config/instruments.yml.");
        }

        if (symbols.GroupBy(s => s, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            throw new ConfigurationException("symbols", $"'{twice.Key}' is named {twice.Count()} times; name each symbol once.");
        }

        var file = new ConfigFile("symbols", "instruments.yml", files);
        var known = Read(file);
        return [.. symbols.Select(s => Match(s, known) ?? throw file.Unknown("instrument", s, known.Select(k => k.Symbol)))];
    }

    private static List<Instrument> Read(ConfigFile file)
    {
        var known = new List<Instrument>();
        foreach (var (key, value) in file.Read("instruments"))
        {
            var name = file.Text(key);
            var node = file.Mapping(value, name);
            file.OnlyKeys(node, "tick", "multiplier", "quantity_step", "max_price");
            var maxPrice = file.PositiveNumber(node, "max_price");
            if (maxPrice > 10_000_000_000m)
            {
                throw file.Error(node, $"'max_price' was {maxPrice}; at most 10000000000 fits.");
            }

            known.Add(new Instrument(name, file.PositiveNumber(node, "tick"), file.PositiveNumber(node, "multiplier"), file.PositiveNumber(node, "quantity_step"))
            {
                MaxPrice = maxPrice,
            });
        }

        return known;
    }

    private static Instrument? Match(string symbol, List<Instrument> known)
    {
        Instrument? best = null;
        foreach (var candidate in known)
        {
            if (candidate.Symbol == symbol)
            {
                return candidate;
            }

            if (candidate.Symbol.EndsWith('*')
                && symbol.StartsWith(candidate.Symbol[..^1], StringComparison.Ordinal)
                && candidate.Symbol.Length > (best?.Symbol.Length ?? 0))
            {
                best = candidate;
            }
        }

        return best is null ? null : best with { Symbol = symbol };
    }
}
