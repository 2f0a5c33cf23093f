using QuantumTrader.Pipelines;
using YamlDotNet.RepresentationModel;

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
            file.OnlyKeys(node, "tick", "multiplier", "quantity_step", "max_price", "size_bounds", "block_trade_quantity", "depth_reference");
            var maxPrice = file.PositiveNumber(node, "max_price");
            if (maxPrice > 10_000_000_000m)
            {
                throw file.Error(node, $"'max_price' was {maxPrice}; at most 10000000000 fits.");
            }

            var instrument = new Instrument(name, file.PositiveNumber(node, "tick"), file.PositiveNumber(node, "multiplier"), file.PositiveNumber(node, "quantity_step"));
            known.Add(instrument with
            {
                MaxPrice = maxPrice,
                SizeBounds = Bounds(file, node) ?? instrument.SizeBounds,
                BlockTradeQuantity = Quantity(file, node, "block_trade_quantity") ?? instrument.BlockTradeQuantity,
                DepthReference = Quantity(file, node, "depth_reference") ?? instrument.DepthReference,
            });
        }

        return known;
    }

    private static decimal? Quantity(ConfigFile file, YamlMappingNode node, string key)
    {
        if (ConfigFile.TryChild(node, key) is not { } found)
        {
            return null;
        }

        var quantity = file.Positive(found, key);
        return quantity <= 1_000_000_000m ? quantity : throw file.Error(found, $"'{key}' was {quantity}; at most 1000000000 is legal, the largest quantity of an event.");
    }

    private static decimal[]? Bounds(ConfigFile file, YamlMappingNode node)
    {
        if (ConfigFile.TryChild(node, "size_bounds") is not { } found)
        {
            return null;
        }

        var bounds = file.Sequence(found, "size_bounds").Select(n => file.Positive(n, "size_bounds")).ToArray();
        return bounds is [var small, var medium, var large] && small < medium && medium < large && large <= 1_000_000_000m
            ? bounds
            : throw file.Error(found, $"'size_bounds' was [{string.Join(", ", bounds)}]; it needs three numbers that go up to at most 1000000000: the largest small, medium and large trade, such as [5, 20, 50].");
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
