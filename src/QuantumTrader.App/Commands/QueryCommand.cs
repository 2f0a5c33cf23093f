using System.CommandLine;
using System.Globalization;
using System.Reflection;
using System.Text;
using QuantumTrader.Dataflow;
using QuantumTrader.Features;
using QuantumTrader.Market;
using QuantumTrader.Models;
using QuantumTrader.Pipelines;
using QuantumTrader.Storage;
using QuantumTrader.Trading;

namespace QuantumTrader.App.Commands;

/// <summary><c>qt query</c>: prints recorded events of a range.</summary>
internal static class QueryCommand
{
    // What users call the data, the store's channel, and what the events are.
    private static readonly (string Data, string Channel, Type Event)[] Known =
    [
        ("ticks", "tick", typeof(MarketEvent)), ("quotes", "quote", typeof(MarketEvent)), ("book", "book", typeof(MarketEvent)), ("tops", "top", typeof(MarketEvent)),
        ("mark", "mark", typeof(MarketEvent)), ("state", "state", typeof(MarketEvent)), ("clock", "clock", typeof(MarketEvent)),
        ("candles_1m", "bar:1m", typeof(Candle)), ("candles_5m", "bar:5m", typeof(Candle)),
        ("features", "features", typeof(FeatureVector)), ("flow", "flow", typeof(FeatureVector)),
        ("predictions", "prediction", typeof(Prediction)), ("signals", "signal", typeof(Signal)),
        ("orders", "order", typeof(OrderRequest)), ("fills", "fill", typeof(Fill)),
    ];

    public static Command Create()
    {
        var data = new Argument<string>("data") { Description = $"What to look for: {string.Join(", ", Known.Select(k => k.Data))}, or candles of another length as bar:15s." };
        var symbol = new Argument<string>("symbol") { Description = "Name of the symbol." };
        var from = new Option<string?>("--from") { Description = "First event time that counts, with its zone, such as 2024-08-08T12:00:00Z. Default: the beginning." };
        var to = new Option<string?>("--to") { Description = "First event time that no longer counts. Default: the end." };
        var atMost = new Option<long>("--at-most") { Description = "Events after which it ends.", DefaultValueFactory = _ => long.MaxValue };
        var json = new Option<bool>("--json") { Description = "Print each event as a line of JSON." };
        var csv = new Option<bool>("--csv") { Description = "Print the events as CSV, with a line of names." };
        var command = new Command("query", "Prints recorded events of a range, in the order of their times. Example: qt query ticks WDOU25 --from 2024-08-08T12:00:00Z --to 2024-08-08T13:00:00Z --csv")
        {
            data, symbol, from, to, atMost, json, csv,
        };
        var store = new StoreArguments();
        store.AddTo(command);
        command.SetAction(arguments =>
        {
            if (Find(arguments.GetValue(data)!) is not var (channel, eventType))
            {
                return ExitCodes.Usage;
            }

            if (!TryTime("--from", arguments.GetValue(from), long.MinValue, out var first) || !TryTime("--to", arguments.GetValue(to), long.MaxValue, out var end))
            {
                return ExitCodes.Usage;
            }

            var query = new StoreQuery(channel, arguments.GetValue(symbol)!, first, end) { AtMost = arguments.GetValue(atMost) };
            return store.Use(arguments, open =>
            {
                if (open.Format(eventType) is not { } format)
                {
                    Console.Error.WriteLine($"{eventType.Name} can only be read with the pipeline that made them: name it with --pipeline.");
                    return ExitCodes.Usage;
                }

                using var output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false), 65_536);
                IRows rows = arguments.GetValue(csv) ? new CsvRows(output, format.Fields) : arguments.GetValue(json) ? new JsonRows(output) : new TextRows(output);
                var answer = Ask(open.Store, query, format, eventType, rows);
                output.Flush();
                Console.Error.WriteLine(Describe(query, answer));
                return ExitCodes.Good;
            });
        });
        return command;
    }

    private static (string Channel, Type Event)? Find(string data)
    {
        if (Known.FirstOrDefault(k => k.Data == data || k.Channel == data) is { Channel: not null } known)
        {
            return (known.Channel, known.Event);
        }

        if (data.StartsWith("bar:", StringComparison.Ordinal))
        {
            return (data, typeof(Candle));
        }

        var nearest = NearestName.Of(data, Known.Select(k => k.Data));
        Console.Error.WriteLine($"There is no data '{data}'. {(nearest is null ? "" : $"Did you mean '{nearest}'? ")}Legal: {string.Join(", ", Known.Select(k => k.Data))}.");
        return null;
    }

    private static bool TryTime(string option, string? text, long otherwise, out long time)
    {
        time = otherwise;
        if (text is null || IsoTime.TryParse(text, out time))
        {
            return true;
        }

        Console.Error.WriteLine($"{option}: '{text}' is no time. Write it with its zone, such as 2024-08-08T12:00:00Z or 2024-08-08T09:00:00-03:00.");
        return false;
    }

    // Which event type it is only shows at run time; the rest of the program need not know.
    private static StoreAnswer Ask(IEventStore store, StoreQuery query, IEventFormat format, Type eventType, IRows rows) =>
        (StoreAnswer)typeof(QueryCommand).GetMethod(nameof(AskFor), BindingFlags.NonPublic | BindingFlags.Static)!.MakeGenericMethod(eventType)
            .Invoke(null, BindingFlags.DoNotWrapExceptions, null, [store, query, format, rows], CultureInfo.InvariantCulture)!;

    private static StoreAnswer AskFor<T>(IEventStore store, StoreQuery query, EventFormat<T> format, IRows rows) where T : struct, IEvent<T> =>
        store.Query(query, format, events =>
        {
            foreach (ref readonly var e in events)
            {
                rows.Write(e, format);
            }

            return true;
        });

    private static string Describe(StoreQuery query, StoreAnswer answer)
    {
        var found = answer.Count == 0
            ? $"The store has no '{query.Channel}' of {query.Symbol} in this range."
            : string.Create(CultureInfo.InvariantCulture, $"{answer.Count} events from {IsoTime.ToText(answer.First)} to {IsoTime.ToText(answer.Last)}.");
        return string.Join(Environment.NewLine, answer.Gaps.Select(g => $"Lost: {IsoTime.ToText(g.From)} to {IsoTime.ToText(g.To)}: {g.Reason}").Prepend(found));
    }

    private interface IRows
    {
        void Write(object value, IEventFormat format);
    }

    private sealed class TextRows(TextWriter output) : IRows
    {
        public void Write(object value, IEventFormat format) =>
            output.WriteLine(string.Join(' ', TextFieldWriter.Print(format, value).Select(f => $"{f.Key}={f.Value}")));
    }

    private sealed class CsvRows : IRows
    {
        private readonly TextWriter _output;

        public CsvRows(TextWriter output, IReadOnlyList<string> fields)
        {
            _output = output;
            output.WriteLine(string.Join(',', fields));
        }

        public void Write(object value, IEventFormat format)
        {
            var printed = TextFieldWriter.Print(format, value);
            _output.WriteLine(string.Join(',', format.Fields.Select(f => Quote(printed.GetValueOrDefault(f, "")))));
        }

        private static string Quote(string text) => text.AsSpan().ContainsAny(',', '"', '\n') ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
    }

    private sealed class JsonRows(TextWriter output) : IRows
    {
        public void Write(object value, IEventFormat format) => output.WriteLine(JsonFieldWriter.Print(format, value));
    }
}
