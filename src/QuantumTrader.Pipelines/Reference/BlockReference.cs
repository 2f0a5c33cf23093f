using System.Collections;
using System.Globalization;
using System.Text;

namespace QuantumTrader.Pipelines;

/// <summary>The reference of block types, sections and findings, as text for the terminal and as Markdown for docs/.</summary>
public sealed class BlockReference(BlockRegistry registry)
{
    /// <summary>A table of all block types.</summary>
    public string List()
    {
        var width = registry.Blocks.Keys.Select(k => k.Length).DefaultIfEmpty().Max();
        return Lines(registry.Blocks.Values.Select(b => $"{b.Name.PadRight(width)}  {Flow(b)}\n{"".PadRight(width)}  {b.Summary}"));
    }

    /// <summary>All that is to be known of one block type. Throws <see cref="KeyNotFoundException"/>, with the nearest name, when there is none.</summary>
    public string Describe(string type)
    {
        var block = Find(type);
        var text = new StringBuilder().Append(block.Name).Append('\n').Append(block.Summary).Append("\n\n").Append(Flow(block)).Append('\n');
        foreach (var mark in Marks(block))
        {
            text.Append(mark).Append('\n');
        }

        AppendOptions(text, "options", block.Options);
        AppendOptions(text, "which events it sends", block.HasChosenEvents ? PipelineKeys.ChosenEvents : null);
        AppendOptions(text, "options of every block", PipelineKeys.Common);
        if (block.Example.Length > 0)
        {
            text.Append("\nexample\n").Append(Lines(block.Example.Split('\n').Select(l => "  " + l)));
        }

        return text.ToString();
    }

    /// <summary>The whole reference as Markdown.</summary>
    public string Markdown()
    {
        var text = new StringBuilder("# Blocks\n\nGenerated from the option records by `qt blocks --markdown`; do not edit.\n");
        foreach (var block in registry.Blocks.Values)
        {
            text.Append("\n## ").Append(block.Name).Append("\n\n").Append(block.Summary).Append("\n\n").Append('`').Append(Flow(block)).Append("`\n");
            foreach (var mark in Marks(block))
            {
                text.Append("\n- ").Append(mark);
            }

            text.Append(Marks(block).Any() ? "\n" : "");
            AppendTable(text, block.Options);
            AppendTable(text, block.HasChosenEvents ? PipelineKeys.ChosenEvents : null);
            if (block.Example.Length > 0)
            {
                text.Append("\n```yaml\n").Append(block.Example).Append("\n```\n");
            }
        }

        text.Append("\n# Every block\n");
        AppendTable(text, PipelineKeys.Common);
        text.Append("\n# Sections\n\n## engine\n\nHow the engine runs the whole graph.\n");
        AppendTable(text, PipelineKeys.Engine);
        text.Append("\n## switches\n\nSwitches of the whole pipeline; each is also an environment variable.\n");
        AppendTable(text, PipelineKeys.Switches);
        foreach (var section in registry.Sections)
        {
            text.Append("\n## ").Append(section.Name).Append("\n\n").Append(section.Summary).Append('\n');
            AppendTable(text, section.Options);
        }

        return text.ToString();
    }

    /// <summary>The table of finding codes as Markdown.</summary>
    public static string FindingsMarkdown() => "# Findings\n\n| code | meaning | what to do |\n| --- | --- | --- |\n" + Lines(FindingCodes.All.Select(c =>
        $"| {c.Id}{(c.Severity == Severity.Warning ? " (warning)" : "")} | {Escape(c.Meaning)} | {Escape(c.Remedy)} |"));

    private BlockType Find(string type)
    {
        if (registry.Blocks.TryGetValue(type, out var block))
        {
            return block;
        }

        var nearest = NearestName.Of(type, registry.Blocks.Keys) is { } name ? $" Did you mean '{name}'?" : " See `qt blocks` for all types.";
        throw new KeyNotFoundException($"no block type is named '{type}'.{nearest}");
    }

    private static string Flow(BlockType block)
    {
        var inputs = string.Join(", ", block.Inputs.Select(p => $"{p.Name}: {p.Words}"));
        var output = !block.Output.IsGenericParameter ? block.Output.Name : inputs.Length == 0 ? "any event type" : "the same";
        return inputs.Length == 0 ? $"source -> {output}" : $"{inputs} -> {output}";
    }

    private IEnumerable<string> Marks(BlockType block)
    {
        if (block.HasChosenEvents)
        {
            yield return $"the events that it sends are chosen by `events`: {string.Join(", ", registry.Formats.Keys)}";
        }

        if (block.Io)
        {
            yield return "waits for the outside world, so it gets a thread of its own";
        }

        if (block.Callback)
        {
            yield return "is called back: its edge needs a when_full that never blocks";
        }

        if (block.Trading)
        {
            yield return "acts on the outside: no edge on the way to it should drop events";
        }

        if (block.Shape == BlockShape.Propagator)
        {
            yield return "hosts a block of System.Threading.Tasks.Dataflow, which an exception ends: on_error can only be fail";
        }

        if (block.Resequences)
        {
            yield return "numbers its output anew: it is the root of the order of all that follows";
        }

        if (block.Partitioned)
        {
            yield return "keeps its state per key: it can run with parallelism";
        }
    }

    private static void AppendOptions(StringBuilder text, string title, OptionsModel? model, string indent = "  ")
    {
        if (model is null)
        {
            return;
        }

        text.Append(title.Length > 0 ? $"\n{title}\n" : "");
        foreach (var option in model.Options)
        {
            text.Append(indent).Append(option.Key).Append(" (").Append(Facts(option)).Append(")\n");
            text.Append(option.Description.Length > 0 ? $"{indent}    {option.Description}\n" : "");
            AppendOptions(text, "", Nested(option.Shape), indent + "  ");
        }
    }

    private static void AppendTable(StringBuilder text, OptionsModel? model)
    {
        if (model is { Options.Count: > 0 })
        {
            text.Append("\n| option | value | meaning |\n| --- | --- | --- |\n");
            AppendRows(text, model, "");
        }
    }

    private static void AppendRows(StringBuilder text, OptionsModel model, string prefix)
    {
        foreach (var option in model.Options)
        {
            text.Append("| `").Append(prefix).Append(option.Key).Append("` | ").Append(Escape(Facts(option))).Append(" | ").Append(Escape(option.Description)).Append(" |\n");
            if (Nested(option.Shape) is { } nested)
            {
                AppendRows(text, nested, $"{prefix}{option.Key}{(option.Shape is ListShape ? "[]" : "")}.");
            }
        }
    }

    private static OptionsModel? Nested(ValueShape shape) => shape switch
    {
        RecordShape record => record.Model,
        ListShape list => Nested(list.Item),
        MapShape map => Nested(map.Item),
        _ => null,
    };

    private static string Facts(Option option)
    {
        var facts = option.Shape.Words + (option.Range is { } range && ScalarBinder.RangeWords(ItemType(option.Shape), range) is { } words ? $" {words}" : "");
        return option.IsRequired ? $"{facts}; required" : DefaultText(option.Default) is { Length: > 0 } text ? $"{facts}; default {text}" : facts;
    }

    private static Type ItemType(ValueShape shape) => shape switch
    {
        ListShape list => ItemType(list.Item),
        MapShape map => ItemType(map.Item),
        _ => shape.ClrType,
    };

    private static string DefaultText(object? value) => value switch
    {
        null or IDictionary => "",
        Share share => share.ToString(),
        string text => text,
        bool flag => flag ? "true" : "false",
        TimeSpan duration => ScalarBinder.DurationText(duration),
        Enum choice => SnakeCase.From(choice.ToString()),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        IEnumerable list when list.Cast<object>().All(i => i is IConvertible) && list.Cast<object>().Any() => $"[{string.Join(", ", list.Cast<object?>().Select(DefaultText))}]",
        _ => "",
    };

    private static string Escape(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);

    private static string Lines(IEnumerable<string> lines) => string.Concat(lines.Select(l => l + "\n"));
}
