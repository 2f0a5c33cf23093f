using System.Buffers.Binary;
using System.IO.Compression;

namespace QuantumTrader.Market.Sources;

/// <summary>
/// A text file that is read line by line: plain, gzip, or a zip with one file in it, told apart by their first bytes and not by their names.
/// </summary>
public sealed class InputFile : IDisposable
{
    private const int ReadBufferSize = 128 * 1024;
    private readonly FileStream _file;
    private readonly bool _isGzip;

    /// <summary>Opens a file.</summary>
    /// <exception cref="InvalidDataException">A zip that is broken or does not hold exactly one file.</exception>
    public InputFile(string path)
    {
        Name = Path.GetFileName(path);
        _file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, ReadBufferSize, FileOptions.SequentialScan);
        try
        {
            Span<byte> magic = stackalloc byte[4];
            var length = _file.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false);
            _file.Position = 0;
            _isGzip = length >= 2 && magic[0] == 0x1F && magic[1] == 0x8B;
            var isZip = length == 4 && BinaryPrimitives.ReadUInt32LittleEndian(magic) == 0x04034B50;
            Lines = new LineReader(_isGzip ? new GZipStream(_file, CompressionMode.Decompress) : isZip ? OpenZip(_file) : _file);
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    private static Stream OpenZip(FileStream file)
    {
        var archive = new ZipArchive(file, ZipArchiveMode.Read);
        return archive.Entries.Count == 1
            ? archive.Entries[0].Open()
            : throw new InvalidDataException($"the zip holds {archive.Entries.Count} files; it must hold exactly one");
    }

    /// <summary>Name of the file, without its folder.</summary>
    public string Name { get; }

    /// <summary>Its lines.</summary>
    public LineReader Lines { get; }

    /// <summary>How far the file is read, in bytes as stored.</summary>
    public long Position => _file.Position;

    /// <summary>
    /// True when a gzip file stops before its end; ask when all lines are read. GZipStream ends without a word there, so the length that
    /// gzip writes behind each part is compared with what came out.
    /// </summary>
    public bool IsCutOff()
    {
        if (!_isGzip)
        {
            return false;
        }

        return _file.Length < 18 || (TextLengthInTrailer() != (uint)Lines.Bytes && !LastPartIsWhole());
    }

    private uint TextLengthInTrailer()
    {
        Span<byte> trailer = stackalloc byte[4];
        _file.Position = _file.Length - trailer.Length;
        _file.ReadExactly(trailer);
        return BinaryPrimitives.ReadUInt32LittleEndian(trailer);
    }

    // A file of several gzip parts, one behind the other, has the length of the last part at its end. Rare, so it may cost a second look.
    private bool LastPartIsWhole()
    {
        var bytes = File.ReadAllBytes(_file.Name);
        for (var at = bytes.Length - 18; at > 0; at--)
        {
            var isPart = bytes[at] == 0x1F && bytes[at + 1] == 0x8B && bytes[at + 2] == 8 && bytes[at + 3] < 32 && bytes[at + 8] is 0 or 2 or 4;
            if (isPart && TryMeasure(bytes, at, out var length))
            {
                return length == TextLengthInTrailer();
            }
        }

        return false;
    }

    private static bool TryMeasure(byte[] bytes, int start, out uint length)
    {
        length = 0;
        try
        {
            using var part = new GZipStream(new MemoryStream(bytes, start, bytes.Length - start), CompressionMode.Decompress);
            var buffer = new byte[ReadBufferSize];
            for (var read = part.Read(buffer); read > 0; read = part.Read(buffer))
            {
                length += (uint)read;
            }

            return true;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Lines.Dispose();
        _file.Dispose();
    }
}
