using QuantumTrader.Dataflow;

namespace QuantumTrader.Market.Sources;

/// <summary>Several files read as one run of lines. A file that cannot be read on is noted, and the next one follows.</summary>
[RunEvent("QT2010", "unreadable", "An input file cannot be opened.", "Check the path and the permissions; the run goes on with the next file.", Level = RunEventLevel.Error)]
[RunEvent("QT2011", "truncated", "An input file ends in the middle.", "Fetch the file again; everything before was sent.")]
internal sealed class InputSequence(IReadOnlyList<string> paths) : IDisposable
{
    private readonly List<FileLines> _files = [];
    private readonly long _totalBytes = Math.Max(1, paths.Sum(p => new FileInfo(p).Length));
    private long _bytesBefore;
    private long _bytesRead;
    private InputFile? _file;
    private int _next;

    /// <summary>From 0 to 1, by the bytes of the files as they are stored. Any thread may ask.</summary>
    public double Progress => Math.Min(1, Volatile.Read(ref _bytesRead) / (double)_totalBytes);

    /// <summary>File and number of the line that was read last, as <c>file:line</c>.</summary>
    public string Place => _file is null ? "" : $"{_file.Name}:{_file.Lines.Number}";

    /// <summary>The file being read; null before the first and behind the last.</summary>
    public string? Path { get; private set; }

    /// <summary>Number of the line that was read last, within its file.</summary>
    public long LineNumber => _file?.Lines.Number ?? 0;

    /// <summary>Lines read per file, the one being read included.</summary>
    public IReadOnlyList<FileLines> Files => _file is null ? [.. _files] : [.. _files, new FileLines(_file.Name, _file.Lines.Number)];

    /// <summary>The next line, of the next file where one ends. The span is valid until the next call.</summary>
    public LineResult Read(Accounts accounts, out ReadOnlySpan<byte> line)
    {
        while (_file is not null || TryOpenNext(accounts))
        {
            try
            {
                var result = _file!.Lines.Read(out line);
                Volatile.Write(ref _bytesRead, _bytesBefore + _file.Position);
                var isEnd = result == LineResult.End || _file.Lines.IsUnterminated;
                if (!isEnd)
                {
                    return result;
                }

                // Only the last line can be half of one, and only if the file stops too early.
                if (_file.IsCutOff())
                {
                    NoteTruncated(accounts, $"after {_file.Lines.Bytes} bytes of text");
                    Close();
                }
                else if (result == LineResult.End)
                {
                    Close();
                }
                else
                {
                    return result;
                }
            }
            catch (Exception e) when (e is InvalidDataException or IOException)
            {
                NoteTruncated(accounts, e.Message);
                Close();
            }
        }

        line = default;
        return LineResult.End;
    }

    private void NoteTruncated(Accounts accounts, string why) => accounts.Note(
        "truncated", $"{_file!.Name} cannot be read to its end: it stops at line {_file.Lines.Number} ({why}). Everything before was sent; the run goes on with the next file.");

    private bool TryOpenNext(Accounts accounts)
    {
        while (_next < paths.Count)
        {
            Path = paths[_next++];
            try
            {
                _file = new InputFile(Path);
                return true;
            }
            catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
            {
                accounts.Note("unreadable", $"{Path} cannot be opened ({e.Message}); the run goes on with the next file.");
            }
        }

        Path = null;
        return false;
    }

    private void Close()
    {
        _files.Add(new FileLines(_file!.Name, _file.Lines.Number));
        _bytesBefore += new FileInfo(Path!).Length;
        Volatile.Write(ref _bytesRead, _bytesBefore);
        _file.Dispose();
        _file = null;
    }

    public void Dispose() => _file?.Dispose();
}
