using System.Globalization;
using QuantumTrader.App.Api;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace QuantumTrader.App.Terminal;

/// <summary>The screen of <c>qt top</c>: what it shows, and what the keys do.</summary>
internal sealed class TopScreen(TopColumn sort, string filter)
{
    private FlowView? _flow;
    private string _trouble = "Asking ...";
    private bool _isReversed;
    private bool _isTyping;

    /// <summary>What the rows are sorted by.</summary>
    public TopColumn Sort { get; private set; } = sort;

    /// <summary>What the rows' names or types contain.</summary>
    public string Filter { get; private set; } = filter;

    /// <summary>The user is done.</summary>
    public bool IsLeft { get; private set; }

    /// <summary>The run as it is now; null, with the reason, when nothing answers.</summary>
    public void Show(FlowView? flow, string trouble) => (_flow, _trouble) = (flow ?? _flow, flow is null ? trouble : "");

    /// <summary>A key was pressed.</summary>
    public void Press(ConsoleKeyInfo key)
    {
        if (_isTyping)
        {
            Type(key);
            return;
        }

        switch (key.Key)
        {
            case ConsoleKey.Q or ConsoleKey.Escape:
                IsLeft = true;
                break;
            case ConsoleKey.RightArrow:
                Sort = (TopColumn)(((int)Sort + 1) % Enum.GetValues<TopColumn>().Length);
                break;
            case ConsoleKey.LeftArrow:
                Sort = (TopColumn)(((int)Sort + Enum.GetValues<TopColumn>().Length - 1) % Enum.GetValues<TopColumn>().Length);
                break;
            case ConsoleKey.R:
                _isReversed = !_isReversed;
                break;
            default:
                if (key.KeyChar == '/')
                {
                    (_isTyping, Filter) = (true, "");
                }

                break;
        }
    }

    /// <summary>The screen.</summary>
    public IRenderable Draw()
    {
        var table = new Table { Border = TableBorder.Simple, Caption = new TableTitle(Keys()) };
        foreach (var column in Enum.GetValues<TopColumn>().Skip(1))
        {
            table.AddColumn(new TableColumn(Heading(column)) { Alignment = column == TopColumn.Block ? Justify.Left : Justify.Right, NoWrap = true });
        }

        foreach (var row in _flow is null ? [] : TopRow.Of(_flow, Sort, _isReversed, Filter))
        {
            table.AddRow(
                new Markup(Markup.Escape(row.Block)), Number(row.InPerSecond), Number(row.OutPerSecond), Share(row.Fill, 0.5, 0.9), Share(row.Busy, 0.7, 0.95), Share(row.Backpressured, 0.1, 0.5),
                Count(row.Drops, "yellow"), Count(row.Errors, "red"), new Markup(row.P99Microseconds is { } p ? Time(p) : "[grey]-[/]"));
        }

        return new Rows(new Markup(Head()), table);
    }

    private void Type(ConsoleKeyInfo key)
    {
        switch (key.Key)
        {
            case ConsoleKey.Enter:
                _isTyping = false;
                break;
            case ConsoleKey.Escape:
                (_isTyping, Filter) = (false, "");
                break;
            case ConsoleKey.Backspace:
                Filter = Filter.Length > 0 ? Filter[..^1] : "";
                break;
            default:
                Filter += char.IsControl(key.KeyChar) || Filter.Length >= 60 ? "" : key.KeyChar.ToString();
                break;
        }
    }

    private string Head()
    {
        if (_flow?.Pipeline is not { } run)
        {
            return $"[yellow]{Markup.Escape(_trouble)}[/]";
        }

        var color = run.State switch { Hosting.RunState.Running => "green", Hosting.RunState.Failed => "red", _ => "yellow" };
        var progress = run.Progress is { } p ? string.Create(CultureInfo.InvariantCulture, $", {100 * p:0} %") : "";
        var head = string.Create(CultureInfo.InvariantCulture, $"[bold]{Markup.Escape(run.Name)}[/] [{color}]{run.State.ToString().ToLowerInvariant()}[/]{progress}, {run.Events:N0} events, {run.EventsPerSecond:N0}/s, {TimeSpan.FromSeconds(run.ElapsedSeconds):hh\\:mm\\:ss}");
        return $"{head}\n{Markup.Escape(run.Bottleneck)}{(run.Balanced ? "" : "\n[red]Events are unaccounted for.[/]")}{(_trouble.Length > 0 ? $"\n[yellow]{Markup.Escape(_trouble)}[/]" : "")}";
    }

    private string Keys() => _isTyping ? $"filter: {Markup.Escape(Filter)}_" : $"left and right sort, r turns round, / filters{(Filter.Length > 0 ? $" ({Markup.Escape(Filter)})" : "")}, q leaves";

    private string Heading(TopColumn column)
    {
        var name = column switch { TopColumn.In => "in/s", TopColumn.Out => "out/s", TopColumn.Backpressured => "blocked", _ => column.ToString().ToLowerInvariant() };
        return column == Sort ? $"[underline]{name}[/]" : name;
    }

    private static Markup Number(double value) => new(value.ToString("N0", CultureInfo.InvariantCulture));

    private static Markup Count(long value, string color) => new(value == 0 ? "[grey]0[/]" : string.Create(CultureInfo.InvariantCulture, $"[{color}]{value:N0}[/]"));

    private static Markup Share(double? share, double high, double severe) => share is { } s
        ? new Markup(string.Create(CultureInfo.InvariantCulture, $"[{(s >= severe ? "red" : s >= high ? "yellow" : "default")}]{100 * s:0}%[/]"))
        : new Markup("[grey]-[/]");

    private static string Time(double microseconds)
    {
        var (figure, unit) = microseconds switch { < 1e3 => (microseconds, "us"), < 1e6 => (microseconds / 1e3, "ms"), _ => (microseconds / 1e6, "s") };
        return string.Create(CultureInfo.InvariantCulture, $"{figure:0.#} {unit}");
    }
}
