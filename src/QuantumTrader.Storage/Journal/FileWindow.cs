using Microsoft.Win32.SafeHandles;

namespace QuantumTrader.Storage;

/// <summary>Reads a file from front to back in large pieces, and hands out small ones.</summary>
internal sealed class FileWindow(SafeFileHandle file)
{
    private const int Piece = 1 << 20;
    private byte[] _buffer = new byte[Piece];
    private long _start;
    private int _length;

    /// <summary>The bytes at a place, as many as there are; valid until the next call.</summary>
    public ReadOnlySpan<byte> Get(long offset, int length)
    {
        if (offset < _start || offset + length > _start + _length)
        {
            if (_buffer.Length < length)
            {
                _buffer = new byte[length];
            }

            _start = offset;
            _length = 0;
            int read;
            while (_length < _buffer.Length && (read = RandomAccess.Read(file, _buffer.AsSpan(_length), offset + _length)) > 0)
            {
                _length += read;
            }
        }

        var available = (int)Math.Clamp(_start + _length - offset, 0, length);
        return _buffer.AsSpan((int)(offset - _start), available);
    }

    /// <summary>Forgets what was read: the file may have grown.</summary>
    public void Forget() => _length = 0;
}
