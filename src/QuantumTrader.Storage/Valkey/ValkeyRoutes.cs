using System.Text;

namespace QuantumTrader.Storage.Valkey;

/// <summary>Which node has a key: always the same for a single server, by hash slot in a cluster.</summary>
internal sealed class ValkeyRoutes(ValkeyOptions options)
{
    private const int Slots = 16_384;

    private readonly Lock _gate = new();
    private IReadOnlyList<ValkeyAddress> _known = [];
    private ValkeyAddress[]? _owners;

    /// <summary>Changes whenever a key may have moved.</summary>
    public int Version { get; private set; }

    /// <summary>The address of the node that has the key. Throws <see cref="StoreException"/> when no node says.</summary>
    public ValkeyAddress Of(string key)
    {
        if (!options.Cluster)
        {
            return options.Address;
        }

        lock (_gate)
        {
            return (_owners ??= Ask())[SlotOf(key)];
        }
    }

    /// <summary>All nodes that have slots.</summary>
    public IReadOnlyList<ValkeyAddress> All()
    {
        if (!options.Cluster)
        {
            return [options.Address];
        }

        lock (_gate)
        {
            return [.. (_owners ??= Ask()).Distinct()];
        }
    }

    /// <summary>Asks anew at the next use: a node said that it no longer has a key, or is gone.</summary>
    public void Forget()
    {
        lock (_gate)
        {
            // The nodes that were known are asked too: the one that the options name may be the one that is gone.
            _known = _owners is null ? _known : [.. _owners.Distinct()];
            _owners = null;
            Version++;
        }
    }

    /// <summary>The slot of a key: CRC-16 (XMODEM) of what stands between its first braces, or of the whole key, modulo 16,384.</summary>
    public static int SlotOf(string key)
    {
        var open = key.IndexOf('{', StringComparison.Ordinal);
        var close = open < 0 ? -1 : key.IndexOf('}', open);
        var tag = close > open + 1 ? key.AsSpan(open + 1, close - open - 1) : key.AsSpan();
        var crc = 0;
        Span<byte> bytes = stackalloc byte[256];
        foreach (var b in bytes[..Encoding.UTF8.GetBytes(tag[..Math.Min(tag.Length, 80)], bytes)])
        {
            crc ^= b << 8;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 0x8000) != 0 ? (crc << 1) ^ 0x1021 : crc << 1;
            }
        }

        return (crc & 0xFFFF) % Slots;
    }

    private ValkeyAddress[] Ask()
    {
        StoreException? last = null;
        foreach (var address in _known.Prepend(options.Address).Distinct())
        {
            try
            {
                using var connection = RespConnection.Open(options, address);
                return Ask(connection);
            }
            catch (StoreException e)
            {
                last = e;
            }
            catch (ValkeyErrorException e)
            {
                last = e.Message.Contains("cluster support disabled", StringComparison.Ordinal)
                    ? new StoreException($"Valkey at {address} is not a cluster. Remove store.valkey.cluster.", e)
                    : ValkeyErrors.Refused(address, e);
            }
            catch (IOException e)
            {
                last = ValkeyErrors.Down(address, e.Message, e);
            }
        }

        throw last!;
    }

    private static ValkeyAddress[] Ask(RespConnection connection)
    {
        connection.Writer.Begin(2).Bulk("CLUSTER"u8).Bulk("SLOTS"u8);
        var reader = connection.Call();
        var owners = new ValkeyAddress[Slots];
        var covered = 0;
        for (var ranges = reader.Number; ranges > 0; ranges--)
        {
            reader.Next();
            var parts = reader.Number;
            reader.Next();
            var first = (int)reader.Number;
            reader.Next();
            var last = (int)reader.Number;
            reader.Next();
            var nodeParts = reader.Number;
            reader.Next();
            var host = reader.Length > 0 ? reader.Text() : connection.Address.Host;
            reader.Next();
            owners.AsSpan(first, last - first + 1).Fill(new ValkeyAddress(host, (int)reader.Number));
            covered += last - first + 1;
            Skip(reader, nodeParts - 2);
            Skip(reader, parts - 3);
        }

        return covered == Slots
            ? owners
            : throw new StoreException($"The cluster of Valkey at {connection.Address} serves {covered} of {Slots} slots. Check it with valkey-cli --cluster check {connection.Address}.");
    }

    private static void Skip(RespReader reader, long tokens)
    {
        for (; tokens > 0; tokens--)
        {
            reader.Next();
            reader.Skip();
        }
    }
}
