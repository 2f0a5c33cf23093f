using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;

namespace QuantumTrader.App.Hosting;

/// <summary>The built dashboard, which lies in the program itself (Dashboard/dist).</summary>
internal static class DashboardFiles
{
    private const string Prefix = "dashboard/";
    private static readonly Lazy<Dictionary<string, DashboardFile>> Files = new(Read);

    private static readonly Dictionary<string, string> ContentTypes = new(StringComparer.Ordinal)
    {
        [".html"] = "text/html; charset=utf-8", [".js"] = "text/javascript; charset=utf-8", [".css"] = "text/css; charset=utf-8",
        [".json"] = "application/json", [".svg"] = "image/svg+xml", [".png"] = "image/png", [".ico"] = "image/x-icon", [".woff2"] = "font/woff2",
        [".txt"] = "text/plain; charset=utf-8", [".webmanifest"] = "application/manifest+json",
    };

    /// <summary>The file of a path; of none, the page itself.</summary>
    public static IResult Serve(HttpContext context)
    {
        var path = context.Request.Path.Value!.TrimStart('/');
        if (!Files.Value.TryGetValue(path.Length == 0 ? "index.html" : path, out var file))
        {
            return TypedResults.Problem($"There is nothing at '{context.Request.Path}'. /openapi.json lists what can be asked.", statusCode: StatusCodes.Status404NotFound);
        }

        context.Response.Headers.CacheControl = "no-cache";
        context.Response.Headers.ETag = file.Tag;
        return context.Request.Headers.IfNoneMatch == file.Tag ? TypedResults.StatusCode(StatusCodes.Status304NotModified) : TypedResults.Bytes(file.Content, file.ContentType);
    }

    private static Dictionary<string, DashboardFile> Read()
    {
        var assembly = typeof(DashboardFiles).Assembly;
        var files = new Dictionary<string, DashboardFile>(StringComparer.Ordinal);
        foreach (var name in assembly.GetManifestResourceNames().Where(n => n.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            using var stream = assembly.GetManifestResourceStream(name)!;
            var content = new byte[stream.Length];
            stream.ReadExactly(content);
            files[name[Prefix.Length..].Replace('\\', '/')] = new DashboardFile(
                content, ContentTypes.GetValueOrDefault(Path.GetExtension(name), "application/octet-stream"), $"\"{Convert.ToHexStringLower(SHA256.HashData(content).AsSpan(0, 12))}\"");
        }

        return files;
    }

    private sealed record DashboardFile(byte[] Content, string ContentType, string Tag);
}
