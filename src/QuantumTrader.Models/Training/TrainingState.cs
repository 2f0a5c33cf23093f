using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace QuantumTrader.Models.Training;

/// <summary>How far a training run has come.</summary>
/// <param name="Step">What it is doing.</param>
/// <param name="Share">Share of the whole that is done.</param>
public readonly record struct TrainingProgress(string Step, double Share);

/// <summary>
/// The answers of finished folds in a file, so that a run that was killed goes on behind them. A record is a head (fold, rows, columns,
/// checksum) and the answers; one that is not whole is left out, and so is everything behind it. The file belongs to one run: other data,
/// options or code begin anew.
/// </summary>
internal sealed class TrainingState : IDisposable
{
    private const int HeadBytes = 16;

    private readonly FileStream? _file;
    private readonly Dictionary<int, double[][]> _folds = [];

    /// <summary>Opens or makes the file.</summary>
    /// <param name="path">Where it lies; null to keep nothing.</param>
    /// <param name="run">Hash of everything that decides the answers.</param>
    public TrainingState(string? path, byte[] run)
    {
        if (path is null)
        {
            return;
        }

        _file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        var known = new byte[run.Length];
        if (_file.Length >= run.Length && _file.ReadAtLeast(known, known.Length) == run.Length && known.AsSpan().SequenceEqual(run))
        {
            ReadFolds(_file);
        }
        else
        {
            _file.SetLength(0);
            _file.Write(run);
            _file.Flush(flushToDisk: true);
        }
    }

    /// <summary>Folds that were done before.</summary>
    public int Folds => _folds.Count;

    /// <summary>The answers of a fold that was done before; null when it was not.</summary>
    public double[][]? Find(int fold, int rows, int columns) => _folds.TryGetValue(fold, out var answers) && answers.Length == rows && answers[0].Length == columns ? answers : null;

    /// <summary>Keeps a fold that is done.</summary>
    public void Add(int fold, double[][] answers)
    {
        if (_file is null)
        {
            return;
        }

        var body = MemoryMarshal.AsBytes(answers.SelectMany(a => a).ToArray().AsSpan());
        Span<byte> head = stackalloc byte[HeadBytes];
        BinaryPrimitives.WriteInt32LittleEndian(head, fold);
        BinaryPrimitives.WriteInt32LittleEndian(head[4..], answers.Length);
        BinaryPrimitives.WriteInt32LittleEndian(head[8..], answers[0].Length);
        BinaryPrimitives.WriteUInt32LittleEndian(head[12..], Checksum(head[..12], body));
        _file.Write(head);
        _file.Write(body);
        _file.Flush(flushToDisk: true);
    }

    public void Dispose() => _file?.Dispose();

    private void ReadFolds(FileStream file)
    {
        Span<byte> head = stackalloc byte[HeadBytes];
        var whole = file.Position;
        while (file.ReadAtLeast(head, HeadBytes, throwOnEndOfStream: false) == HeadBytes)
        {
            var (fold, rows, columns) = (BinaryPrimitives.ReadInt32LittleEndian(head), BinaryPrimitives.ReadInt32LittleEndian(head[4..]), BinaryPrimitives.ReadInt32LittleEndian(head[8..]));
            var bytes = (long)rows * columns * sizeof(double);
            if (rows <= 0 || columns <= 0 || bytes > file.Length - file.Position)
            {
                break;
            }

            var values = new double[rows * columns];
            file.ReadExactly(MemoryMarshal.AsBytes(values.AsSpan()));
            if (Checksum(head[..12], MemoryMarshal.AsBytes(values.AsSpan())) != BinaryPrimitives.ReadUInt32LittleEndian(head[12..]))
            {
                break;
            }

            _folds[fold] = [.. values.Chunk(columns)];
            whole = file.Position;
        }

        file.SetLength(whole);
        file.Position = whole;
    }

    private static uint Checksum(ReadOnlySpan<byte> head, ReadOnlySpan<byte> body)
    {
        var checksum = uint.MaxValue;
        foreach (var b in head)
        {
            checksum = BitOperations.Crc32C(checksum, b);
        }

        foreach (var b in body)
        {
            checksum = BitOperations.Crc32C(checksum, b);
        }

        return ~checksum;
    }
}
