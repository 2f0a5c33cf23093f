using System.CommandLine;
using System.Text;
using QuantumTrader.Features;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Commands;

/// <summary><c>qt features</c>: every feature with its formula; docs/features.md is what <c>--markdown</c> prints.</summary>
internal static class FeaturesCommand
{
    public static Command Create()
    {
        var name = new Argument<string?>("name") { Description = "A feature or one of its other names, to see all about it; or a block type, to see its features.", DefaultValueFactory = _ => null };
        var json = new Option<bool>("--json") { Description = "Print as JSON." };
        var markdown = new Option<bool>("--markdown") { Description = "Print the whole reference, as in docs/features.md." };
        var command = new Command("features", "Lists the features, or describes one. Example: qt features rsi_14") { name, json, markdown };
        command.SetAction(arguments =>
        {
            var catalogue = FeatureCatalogue.Shipped;
            if (arguments.GetValue(markdown))
            {
                Console.Write(Markdown(catalogue));
                return ExitCodes.Good;
            }

            var rows = Rows(catalogue).ToList();
            if (arguments.GetValue(name) is { } wanted)
            {
                var found = rows.Where(r => r.Name == wanted || r.Aliases.Contains(wanted) || r.Block == wanted).ToList();
                if (found.Count == 0)
                {
                    var nearest = NearestName.Of(wanted, rows.SelectMany(r => r.Aliases.Append(r.Name).Append(r.Block)).Distinct());
                    Console.Error.WriteLine($"There is no feature '{wanted}'.{(nearest is null ? " 'qt features' lists them." : $" Did you mean '{nearest}'?")}");
                    return ExitCodes.Usage;
                }

                rows = found;
            }

            Console.Write(arguments.GetValue(json) ? Json.Serialize(rows) + Environment.NewLine : rows.Count == 1 ? Describe(rows[0]) : List(rows));
            return ExitCodes.Good;
        });
        return command;
    }

    private sealed record Row(string Block, string Group, string Name, string Formula, string Inputs, string WarmAfter, double Neutral, string ZeroDivision, string Range, string Unit, IReadOnlyList<string> Aliases);

    private static IEnumerable<Row> Rows(FeatureCatalogue catalogue) =>
        from entry in catalogue.Entries
        from g in entry.Schema.Groups
        from f in g.Features
        select new Row(entry.Block, g.Name, f.Name, f.Formula, f.Inputs, f.WarmAfter, f.Neutral, f.ZeroDivision, f.Range, f.Unit, f.Aliases);

    private static string List(IEnumerable<Row> rows)
    {
        var text = new StringBuilder();
        foreach (var block in rows.GroupBy(r => r.Block))
        {
            text.Append(block.Key).Append('\n');
            foreach (var r in block)
            {
                text.Append($"  {r.Name,-28} {r.Formula}\n");
            }
        }

        return text.ToString();
    }

    private static string Describe(Row r) => string.Join('\n', new[]
    {
        $"{r.Name}: {r.Formula}", $"  block      {r.Block}, group {r.Group}", $"  inputs     {r.Inputs}", $"  warm after {r.WarmAfter}", FormattableString.Invariant($"  neutral    {r.Neutral}"),
        r.ZeroDivision.Length > 0 ? $"  0 below    {r.ZeroDivision}" : "", $"  range      {r.Range}", r.Unit.Length > 0 ? $"  unit       {r.Unit}" : "", r.Aliases.Count > 0 ? $"  also       {string.Join(", ", r.Aliases)}" : "",
    }.Where(l => l.Length > 0)) + "\n";

    private static string Markdown(FeatureCatalogue catalogue)
    {
        var text = new StringBuilder();
        text.Append("# Features\n\nGenerated from the code: `./qt features --markdown > docs/features.md`.\n\n");
        text.Append("C, O, H, L, V: close, open, high, low, volume of a closed candle; B, S: volume whose aggressor bought, sold; n: trades; t: the last closed candle; T: time of evaluation; ");
        text.Append("r_i = C_i / C_(i-1) - 1; SMA_k: mean over k candles; sd1, sd0: sample and population deviation. Sizes are quantities, never money. ");
        text.Append("A feature that is not warm has its neutral value and its warm bit off; no value is ever NaN or infinite.\n\n");
        text.Append("A warm bit says that a start at any earlier time would have given the same value. From this follow three rules: a candle of which the first part was not seen does not count; ");
        text.Append("a sum over the day is warm only when the day was seen from its open; a ranking is warm only when its whole window is full. ");
        text.Append("Only features of history are excepted: they are warm with five past days and go on to get better with more. A stream that begins inside the day's first candle is taken to begin at the open. A participant with the id 0 is not known and is neither counted nor ranked; a cancelled trade keeps its place in a window of trades, empty.\n");
        foreach (var entry in catalogue.Entries)
        {
            text.Append($"\n## {entry.Block}\n\n{entry.Schema.Names.Count} features; hash `{entry.Schema.Hash}`.\n");
            var number = 0;
            foreach (var group in entry.Schema.Groups)
            {
                text.Append($"\n### {group.Title}\n\n| # | name | formula | inputs | warm after | neutral | 0 below | range | unit |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
                foreach (var f in group.Features)
                {
                    var also = f.Aliases.Count > 0 ? $" (also {string.Join(", ", f.Aliases.Select(a => $"`{a}`"))})" : "";
                    text.Append(FormattableString.Invariant($"| {++number} | `{f.Name}`{also} | {Cell(f.Formula)} | {f.Inputs} | {f.WarmAfter} | {f.Neutral} | {f.ZeroDivision} | {f.Range} | {f.Unit} |\n"));
                }
            }
        }

        return text.ToString();
    }

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);
}
