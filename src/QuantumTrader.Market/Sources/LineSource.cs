using System.Text;
using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Market.Sources;

/// <summary>A source of files that are read line by line, one after the other.</summary>
public abstract class LineSource : MarketSource
{
    internal const int ShownOfLine = 200;

    /// <summary>A source of these files.</summary>
    protected LineSource(SourceOptions options, BlockContext context, IReadOnlyList<string> paths) : base(options, context) => Input = new InputSequence(paths);

    /// <inheritdoc/>
    public override double? Progress => Input.Progress;

    private protected InputSequence Input { get; }

    /// <inheritdoc/>
    protected override IReadOnlyList<FileLines> FilesRead() => Input.Files;

    /// <summary>Sends what a line says, or counts why it cannot be used.</summary>
    protected abstract void ReadLine(ReadOnlySpan<byte> line, Output<MarketEvent> output);

    /// <summary>The last line was read.</summary>
    protected virtual void EndLines() { }

    /// <inheritdoc/>
    protected sealed override bool ReadMessages(Output<MarketEvent> output, int limit, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(output);
        var before = Sequence;
        while (Sequence - before < limit)
        {
            if (stop.IsCancellationRequested)
            {
                return true;
            }

            switch (Input.Read(Accounts, out var line))
            {
                case LineResult.Line:
                    ReadLine(line, output);
                    break;
                case LineResult.TooLong:
                    Accounts.Reject("line_too_long", -1, $"{Input.Place}: {Shown(line)}");
                    break;
                default:
                    EndLines();
                    return Sequence > before;
            }
        }

        return true;
    }

    /// <summary>As much of a line as a finding shows.</summary>
    protected static string Shown(ReadOnlySpan<byte> line) => Encoding.UTF8.GetString(line[..Math.Min(line.Length, ShownOfLine)]);

    /// <inheritdoc/>
    public override void Dispose()
    {
        Input.Dispose();
        base.Dispose();
        GC.SuppressFinalize(this);
    }
}
