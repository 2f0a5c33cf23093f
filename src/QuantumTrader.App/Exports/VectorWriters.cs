using System.Globalization;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using QuantumTrader.Features;

namespace QuantumTrader.App.Exports;

/// <summary>Takes the vectors of an export one by one; nothing but the current one is held in memory.</summary>
internal interface IVectorWriter : IDisposable
{
    void Write(in FeatureVector vector);

    /// <summary>Ends the file.</summary>
    void Complete(FeatureSchema schema, IReadOnlyList<string> symbols);
}

/// <summary>A header, then a line per vector: sequence, time (ns UTC), symbol number, the values as they round-trip, the warm bits as 0 and 1.</summary>
internal sealed class CsvVectorWriter(string path) : IVectorWriter
{
    private readonly StreamWriter _text = new(path, false, new UTF8Encoding(false), 1 << 16) { NewLine = "\n" };
    private readonly StringBuilder _line = new();
    private bool _hasHeader;

    public void Write(in FeatureVector vector)
    {
        if (!_hasHeader)
        {
            _text.WriteLine($"sequence,time,symbol,{string.Join(',', vector.Schema.Names)},warm");
            _hasHeader = true;
        }

        _line.Clear().Append(CultureInfo.InvariantCulture, $"{vector.Sequence},{vector.EventTime},{vector.Symbol}");
        foreach (var value in vector.Values)
        {
            _line.Append(',').Append(value.ToString("R", CultureInfo.InvariantCulture));
        }

        _line.Append(',');
        for (var i = 0; i < vector.Values.Length; i++)
        {
            _line.Append(vector.IsWarm(i) ? '1' : '0');
        }

        _text.WriteLine(_line);
    }

    public void Complete(FeatureSchema schema, IReadOnlyList<string> symbols) => _text.Flush();

    public void Dispose() => _text.Dispose();
}

/// <summary>
/// numpy's .npz: a zip of .npy arrays. An array's header holds its length, which is known only at the end, so the rows go to files beside
/// it first.
/// </summary>
internal sealed class NpzVectorWriter : IVectorWriter
{
    private readonly string _path;
    private readonly Dictionary<string, FileStream> _columns;
    private long _rows;

    public NpzVectorWriter(string path)
    {
        _path = path;
        _columns = new[] { "values", "warm", "time", "symbol", "sequence" }.ToDictionary(
            c => c, c => new FileStream($"{path}.{c}", FileMode.Create, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose), StringComparer.Ordinal);
    }

    public void Write(in FeatureVector vector)
    {
        _columns["values"].Write(MemoryMarshal.AsBytes(vector.Values));
        for (var i = 0; i < vector.Values.Length; i++)
        {
            _columns["warm"].WriteByte(vector.IsWarm(i) ? (byte)1 : (byte)0);
        }

        Append("time", vector.EventTime);
        Append("symbol", vector.Symbol);
        Append("sequence", vector.Sequence);
        _rows++;
    }

    public void Complete(FeatureSchema schema, IReadOnlyList<string> symbols)
    {
        using var zip = new ZipArchive(new FileStream(_path, FileMode.Create, FileAccess.Write), ZipArchiveMode.Create);
        Add(zip, "values", "<f8", schema.Names.Count);
        Add(zip, "warm", "|b1", schema.Names.Count);
        Add(zip, "time", "<i8", null);
        Add(zip, "symbol", "<i4", null);
        Add(zip, "sequence", "<i8", null);
        AddTexts(zip, "names", schema.Names);
        AddTexts(zip, "symbols", symbols);
    }

    public void Dispose()
    {
        foreach (var column in _columns.Values)
        {
            column.Dispose();
        }
    }

    private void Append<T>(string column, T value) where T : unmanaged => _columns[column].Write(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)));

    private void Add(ZipArchive zip, string name, string type, int? width)
    {
        using var entry = Begin(zip, name, type, width is { } w ? FormattableString.Invariant($"({_rows}, {w})") : FormattableString.Invariant($"({_rows},)"));
        _columns[name].Position = 0;
        _columns[name].CopyTo(entry);
    }

    private static void AddTexts(ZipArchive zip, string name, IReadOnlyList<string> texts)
    {
        // Fixed-width UTF-32, padded with zeros.
        var width = Math.Max(1, texts.Select(t => t.EnumerateRunes().Count()).DefaultIfEmpty(1).Max());
        using var entry = Begin(zip, name, FormattableString.Invariant($"<U{width}"), FormattableString.Invariant($"({texts.Count},)"));
        foreach (var text in texts)
        {
            var cells = new byte[4 * width];
            Encoding.UTF32.GetBytes(text, cells);
            entry.Write(cells);
        }
    }

    // Format 1.0: magic, version, length of the header, the header as a Python literal, padded so that the data begins at a multiple of 64.
    private static Stream Begin(ZipArchive zip, string name, string type, string shape)
    {
        var created = zip.CreateEntry(name + ".npy", CompressionLevel.Fastest);
        created.LastWriteTime = new DateTimeOffset(1980, 1, 1, 0, 0, 0, TimeSpan.Zero); // same data, same bytes
        var entry = created.Open();
        var header = $"{{'descr': '{type}', 'fortran_order': False, 'shape': {shape}, }}";
        header = header.PadRight((((10 + header.Length) / 64) + 1) * 64 - 10 - 1) + "\n";
        entry.Write([0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', 1, 0, (byte)(header.Length & 255), (byte)(header.Length >> 8)]);
        entry.Write(Encoding.ASCII.GetBytes(header));
        return entry;
    }
}
