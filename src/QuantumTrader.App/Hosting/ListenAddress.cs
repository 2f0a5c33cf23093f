using System.Globalization;
using System.Net;

namespace QuantumTrader.App.Hosting;

/// <summary>Addresses to listen on, as users write them.</summary>
internal static class ListenAddress
{
    /// <summary>What the commands that talk to a host, and <c>--listen</c> alone, take.</summary>
    public const string Default = "127.0.0.1:8080";

    /// <summary>What may be written, for messages that begin with what was found.</summary>
    public const string Legal = "is no address to listen on. Write an IP address and a port, such as 127.0.0.1:8080 or [::1]:8080, localhost:8080, or a port alone; port 0 takes any free one.";

    /// <summary>Reads <c>127.0.0.1:8080</c>, <c>[::1]:8080</c>, <c>localhost:8080</c>, <c>8080</c>.</summary>
    public static bool TryParse(string text, out IPEndPoint address)
    {
        const string Localhost = "localhost:";
        // A number alone would be read as an IP address.
        var port = text.StartsWith(Localhost, StringComparison.OrdinalIgnoreCase) ? text[Localhost.Length..] : text.StartsWith(':') ? text[1..] : text;
        if (ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            address = new IPEndPoint(IPAddress.Loopback, number);
            return true;
        }

        address = new IPEndPoint(IPAddress.Loopback, 0);
        // One without a port would be read as one with port 0.
        var hasPort = text.LastIndexOf(':') is > 0 and var colon && (text[colon - 1] == ']' || text.IndexOf(':', StringComparison.Ordinal) == colon);
        if (hasPort && IPEndPoint.TryParse(text, out var parsed))
        {
            address = parsed;
            return true;
        }

        return false;
    }
}
