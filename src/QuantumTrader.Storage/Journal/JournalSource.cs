using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Market.Sources;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Storage;

/// <summary>Options of <c>source.journal</c>.</summary>
public sealed record JournalSourceOptions : SourceOptions
{
    /// <summary>Folder of the journal. Relative paths start at the pipeline's folder or at the root. Example: <c>path: recordings/wdo</c>.</summary>
    [Required]
    public string Path { get; init; } = "";

    /// <summary>First event time that is sent, with its zone. Example: <c>start: 2024-08-08T09:00:00-03:00</c>. Without it, from the beginning.</summary>
    public string Start { get; init; } = "";

    /// <summary>First event time that is no longer sent. Without it, to the end.</summary>
    public string End { get; init; } = "";

    /// <summary>Symbols that are sent; without it, all of the section <c>market</c>.</summary>
    public IReadOnlyList<string> Symbols { get; init; } = [];

    /// <summary>Goes on with what another process appends, until it is stopped.</summary>
    public bool Follow { get; init; }
}

/// <summary>
/// Sends the market events of a journal in the order in which they were appended, over as many days as there are: the same graph behind
/// it gives the same output as when they were recorded.
/// </summary>
[Block("source.journal", "Recorded market events, at any speed; can follow a journal that is being written.")]
[RunEvent("QT2104", "journal", "The journal found something while it was read.", "Run `qt store verify` on it.")]
public sealed class JournalSource : MarketSource
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly JournalSourceOptions _options;
    private readonly Journal _journal;
    private readonly SymbolTable _symbols;
    private readonly HashSet<string> _wanted;
    private readonly long _from;
    private readonly long _to;
    private readonly ManualResetEvent _wait = new(false);
    private readonly Dictionary<(SegmentNames Names, uint Stream), int> _numbers = [];
    private JournalOrder? _order;
    private long _next = 1;
    private bool _hasNoted;

    /// <summary>Finds the journal and reads its index.</summary>
    /// <exception cref="ConfigurationException">There is no journal, a time is none, or a symbol is not one of the pipeline's.</exception>
    public JournalSource(JournalSourceOptions options, MarketContext market, BlockContext context)
        : base(options, context)
    {
        (_options, _symbols) = (options, market.Symbols);
        _from = Time("start", options.Start, long.MinValue);
        _to = Time("end", options.End, long.MaxValue);
        foreach (var symbol in options.Symbols.Where(s => market.Symbols.Find(s) == 0))
        {
            throw new ConfigurationException("symbols", $"'{symbol}' is not a symbol of this pipeline. Add it to market.symbols or correct it.");
        }

        // Events about no symbol, such as states and clocks, go with any.
        _wanted = [.. options.Symbols.Count > 0 ? options.Symbols : market.Instruments.Select(i => i.Symbol), ""];
        try
        {
            _journal = Journal.OpenToRead(context.Files.Resolve(options.Path), new JournalOptions());
        }
        catch (StoreException e)
        {
            throw new ConfigurationException("path", e.Message) { Outside = true };
        }
    }

    /// <inheritdoc/>
    public override double? Progress => _options.Follow ? null : _order?.Progress ?? 0;

    /// <inheritdoc/>
    protected override bool ReadMessages(Output<MarketEvent> output, int limit, CancellationToken stop)
    {
        NoteFindings();
        var before = Sequence;
        while (Sequence - before < limit && !stop.IsCancellationRequested)
        {
            _order ??= Open();
            if (_order.Read(out var run))
            {
                _next = run.FirstOrdinal + run.Count;
                Send(run, output);
            }
            else if (!_options.Follow)
            {
                return Sequence > before;
            }
            else if (Sequence > before)
            {
                break;
            }
            else
            {
                // The system tells nobody that a file has grown; a look costs microseconds.
                using (Idle())
                {
                    WaitHandle.WaitAny([_wait, stop.WaitHandle], Pause);
                }

                _journal.Refresh();
                _order = null;
            }
        }

        return true;
    }

    private JournalOrder Open() => new([.. _journal.Segments.Where(s => s.NextOrdinal > _next)])
    {
        From = _from, To = _to, FirstOrdinal = _next,
        Wants = (names, stream) => names.Type(stream.Type) is { RecordBytes: > 0 },
    };

    private void Send(in JournalRun run, Output<MarketEvent> output)
    {
        if (!_numbers.TryGetValue((run.Names, run.Stream), out var symbol))
        {
            var name = run.Names.Stream(run.Stream)!.Symbol;
            _numbers[(run.Names, run.Stream)] = symbol = _wanted.Contains(name) ? _symbols.Find(name) : -1;
        }

        if (symbol < 0)
        {
            Accounts.Drop("other_symbol", run.Count);
            return;
        }

        var records = run.Records;
        for (var i = 0; i < run.Count; i++)
        {
            var record = run.Take(ref records, out var time);
            if (time >= _from && time < _to)
            {
                var value = MarketRecord.Read(record, symbol);
                Send(output, ref value);
            }
        }
    }

    private void NoteFindings()
    {
        if (!_hasNoted)
        {
            _hasNoted = true;
            foreach (var finding in _journal.Findings)
            {
                Note("journal", finding);
            }
        }
    }

    private static long Time(string option, string text, long otherwise) =>
        text.Length == 0 ? otherwise
        : IsoTime.TryParse(text, out var time) ? time
        : throw new ConfigurationException(option, $"'{text}' is no time. Write it with its zone, such as 2024-08-08T12:00:00Z.");

    /// <inheritdoc/>
    public override void Dispose()
    {
        _wait.Dispose();
        _journal.Dispose();
        base.Dispose();
        GC.SuppressFinalize(this);
    }
}
