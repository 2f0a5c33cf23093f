using System.CommandLine;
using System.Globalization;
using QuantumTrader.App.TimeTravel;
using QuantumTrader.Dataflow;
using QuantumTrader.Features;
using QuantumTrader.Market;
using QuantumTrader.Models;
using QuantumTrader.Pipelines;
using QuantumTrader.Storage;
using QuantumTrader.Trading;

namespace QuantumTrader.App.Commands;

/// <summary><c>qt at</c>: what was known of a symbol at a moment.</summary>
internal static class AtCommand
{
    public static Command Create()
    {
        var time = new Argument<string>("time") { Description = "The moment, with its zone, such as 2024-08-08T12:00:00Z: what happened at it or later is not yet known." };
        var symbol = new Argument<string>("symbol") { Description = "Name of the symbol." };
        var depth = new Option<int>("--depth") { Description = "Levels of the book a side.", DefaultValueFactory = _ => 5 };
        var count = new Option<int>("--last") { Description = "How many of the last trades and candles.", DefaultValueFactory = _ => 5 };
        var json = new Option<bool>("--json") { Description = "Print it as JSON." };
        var command = new Command("at", "Shows book, last trades, candles, features, predictions, signals and orders of a symbol as they were known at a moment. Example: qt at 2024-08-08T12:00:00Z WDOU25 --store .qt/journal")
        {
            time, symbol, depth, count, json,
        };
        foreach (var option in new[] { depth, count })
        {
            option.Validators.Add(result => { if (result.GetValueOrDefault<int>() is < 1 or > 1000) { result.AddError($"{option.Name} takes 1 to 1000."); } });
        }

        var store = new StoreArguments();
        store.AddTo(command);
        command.SetAction(arguments =>
        {
            if (!IsoTime.TryParse(arguments.GetValue(time)!, out var moment))
            {
                Console.Error.WriteLine($"'{arguments.GetValue(time)}' is no time. Write it with its zone, such as 2024-08-08T12:00:00Z or 2024-08-08T09:00:00-03:00.");
                return ExitCodes.Usage;
            }

            return store.Use(arguments, open =>
            {
                var known = new KnownThen(open, arguments.GetValue(symbol)!, moment);
                var book = known.Book();
                foreach (var gap in known.BookGaps)
                {
                    Console.Error.WriteLine($"Lost: {IsoTime.ToText(gap.From)} to {IsoTime.ToText(gap.To)}: {gap.Reason}");
                }

                var last = arguments.GetValue(count);
                var sections = new List<(string Name, IReadOnlyList<object> Events, IEventFormat Format)>();
                Add<MarketEvent>("trades", "tick", last);
                Add<Candle>("candles_1m", "bar:1m", last);
                Add<FeatureVector>("features", "features", 1);
                Add<Prediction>("predictions", "prediction", 1);
                Add<Signal>("signals", "signal", 1);
                Add<OrderRequest>("orders", "order", 1);
                Add<Fill>("fills", "fill", 1);
                var levels = Levels(book, arguments.GetValue(depth));
                Console.WriteLine(arguments.GetValue(json) ? ToJson(moment, arguments.GetValue(symbol)!, levels, sections) : ToText(levels, sections));
                return book is null && sections.Count == 0 ? ExitCodes.Failed : ExitCodes.Good;

                void Add<T>(string name, string channel, int most) where T : struct, IEvent<T>
                {
                    if (open.Format(typeof(T)) is { } format && known.Last<T>(channel, most) is { Count: > 0 } events)
                    {
                        sections.Add((name, [.. events.Cast<object>()], format));
                    }
                }
            });
        });
        return command;
    }

    private static (PriceLevel[] Bids, PriceLevel[] Asks)? Levels(OrderBook? book, int depth)
    {
        if (book is null)
        {
            return null;
        }

        var (bids, asks) = (new PriceLevel[Math.Min(depth, book.BidCount)], new PriceLevel[Math.Min(depth, book.AskCount)]);
        book.CopyBids(bids);
        book.CopyAsks(asks);
        return (bids, asks);
    }

    private static string ToText((PriceLevel[] Bids, PriceLevel[] Asks)? book, List<(string Name, IReadOnlyList<object> Events, IEventFormat Format)> sections)
    {
        var lines = new List<string>();
        if (book is var (bids, asks))
        {
            lines.Add($"{"book: quantity",16} {"bid",16} {"ask",16} {"quantity",16}");
            for (var i = 0; i < Math.Max(bids.Length, asks.Length); i++)
            {
                lines.Add($"{Quantity(bids, i),16} {Price(bids, i),16} {Price(asks, i),16} {Quantity(asks, i),16}");
            }
        }
        else
        {
            lines.Add("book: not known then");
        }

        foreach (var (name, events, format) in sections)
        {
            lines.Add(name + ":");
            lines.AddRange(events.Select(e => "  " + string.Join(' ', TextFieldWriter.Print(format, e).Select(f => $"{f.Key}={f.Value}"))));
        }

        return string.Join(Environment.NewLine, lines);
    }

    private static string Price(PriceLevel[] levels, int i) => i < levels.Length ? Scaled.ToText(levels[i].Price) : "";

    private static string Quantity(PriceLevel[] levels, int i) => i < levels.Length ? Scaled.ToText(levels[i].Quantity) : "";

    private static string ToJson(long time, string symbol, (PriceLevel[] Bids, PriceLevel[] Asks)? book, List<(string Name, IReadOnlyList<object> Events, IEventFormat Format)> sections)
    {
        var fields = new List<string>
        {
            $"\"time\":\"{IsoTime.ToText(time)}\"",
            $"\"symbol\":{System.Text.Json.JsonSerializer.Serialize(symbol)}",
            $"\"book\":{(book is var (bids, asks) ? $"{{\"bids\":{Levels(bids)},\"asks\":{Levels(asks)}}}" : "null")}",
        };
        fields.AddRange(sections.Select(s => $"\"{s.Name}\":[{string.Join(',', s.Events.Select(e => JsonFieldWriter.Print(s.Format, e)))}]"));
        return $"{{{string.Join(',', fields)}}}";

        static string Levels(PriceLevel[] levels) =>
            $"[{string.Join(',', levels.Select(l => string.Create(CultureInfo.InvariantCulture, $"[{Scaled.ToDecimal(l.Price)},{Scaled.ToDecimal(l.Quantity)}]")))}]";
    }
}
