"""What was measured on a Ryzen AI Max+ 395, and models as a catalogue would describe them.

One token at a time, an empty context, the best of several backends: lhl/strix-halo-testing
(2025-07 and -08) and kyuz0/amd-strix-halo-toolboxes (2026-05). Sizes are GB of the file and of
what works on one token; these shares leave out that attention and embeddings are always read.
"""

from dataclasses import dataclass

from plugins.routing.catalogue.model import Facts


@dataclass(frozen=True)
class Row:
    """One measurement."""

    name: str
    source: str
    size: float
    active: float
    tokens_per_second: float
    quantisation: str = "Q4_K_M"
    family: str = "llama"
    billions: float = 0.0
    """Parameters, where the file's size alone does not tell what is read."""
    active_billions: float = 0.0

    @property
    def facts(self) -> Facts:
        """Return it as a catalogue would."""
        total = self.billions or self.size
        return Facts(
            name=self.name,
            size=round(self.size * 1e9),
            family=self.family,
            quantisation=self.quantisation,
            parameters=round(total * 1e9),
            active_parameters=round((self.active_billions or total * self.active / self.size) * 1e9)
            if self.active < 0.9 * self.size
            else 0,
        )


DENSE = (
    Row("llama-2-7b Q4_0", "lhl", 3.8, 3.83, 52.03, "Q4_0"),
    Row("llama-2-7b Q4_K_M", "lhl", 4.1, 4.08, 49.24),
    Row("llama3.1-8b Q4_K_M", "lhl", 4.9, 4.91, 43.42),
    Row("Mistral-Small-24B Q4_K_XL", "lhl", 14.5, 14.50, 14.56),
    Row("gemma-3-27b Q4_K_XL", "lhl", 16.8, 16.82, 12.08),
    Row("Qwen3-32B Q8_0", "lhl", 34.8, 34.81, 6.44, "Q8_0"),
    Row("llama3.3-70b Q4_K_M", "lhl", 42.5, 42.51, 5.06),
    Row("llama-2-7b Q4_0 (2026)", "kyuz0", 3.8, 3.82, 55.73, "Q4_0"),
    Row("Ministral-3-14B BF16", "kyuz0", 27.0, 27.02, 8.51, "BF16"),
    Row("gemma-4-31B Q4_K_XL", "kyuz0", 18.7, 18.75, 11.45),
    Row("gemma-4-31B Q8_K_XL", "kyuz0", 35.0, 35.00, 6.30, "Q8_0"),
    Row("gemma-4-31B BF16", "kyuz0", 61.4, 61.40, 3.55, "BF16"),
    Row("Qwen3.6-27B Q8_K_XL", "kyuz0", 35.8, 35.77, 6.51, "Q8_0", "qwen35"),
)
MIXTURES = (
    Row("Qwen3-30B-A3B Q4_K_XL", "lhl", 17.7, 1.91, 77.96),
    Row("Hunyuan-A13B Q6_K_XL", "lhl", 70.5, 11.40, 18.33, "Q6_K"),
    Row("Llama-4-Scout Q4_K_XL", "lhl", 62.0, 9.78, 19.78),
    Row("dots1 Q4_K_XL", "lhl", 86.8, 8.52, 22.30),
    Row("GLM-4.5-Air Q4_K_XL", "lhl", 73.0, 7.93, 23.35),
    Row("Qwen3-235B-A22B Q3_K_XL", "lhl", 104.1, 9.75, 15.20, "Q3_K_M"),
    Row("gpt-oss-20b F16", "lhl", 13.8, 2.38, 47.36, "MXFP4", "gptoss", 20.9, 3.6),
    Row("gpt-oss-120b F16", "lhl", 65.4, 2.87, 33.68, "MXFP4", "gptoss", 116.8, 5.1),
    Row("gpt-oss-20b mxfp4", "kyuz0", 12.1, 2.09, 79.78, "MXFP4", "gptoss", 20.9, 3.6),
    Row("gpt-oss-120b mxfp4", "kyuz0", 63.4, 2.78, 56.61, "MXFP4", "gptoss", 116.8, 5.1),
    Row("gemma-4-26B-A4B Q4_K_XL", "kyuz0", 17.1, 2.57, 54.67),
    Row("gemma-4-26B-A4B Q8_K_XL", "kyuz0", 27.9, 4.20, 45.48, "Q8_0"),
    Row("gemma-4-26B-A4B BF16", "kyuz0", 50.5, 7.60, 24.65, "BF16"),
    Row("Qwen3.6-35B-A3B Q4_K_XL", "kyuz0", 22.8, 1.93, 60.43, family="qwen35moe"),
    Row("Qwen3.6-35B-A3B Q8_K_XL", "kyuz0", 38.4, 3.33, 46.53, "Q8_0", "qwen35moe"),
    Row("Qwen3.6-35B-A3B BF16", "kyuz0", 69.4, 6.00, 26.01, "BF16", "qwen35moe"),
    Row("GLM-4.7-Flash Q8_K_XL", "kyuz0", 35.1, 3.52, 41.17, "Q8_0"),
    Row("Qwen3.5-122B-A10B Q5_K_XL", "kyuz0", 91.9, 7.53, 22.30, "Q5_K_M", "qwen35moe"),
    Row("MiniMax-M2.7 Q3_K_S", "kyuz0", 93.6, 4.09, 31.08, "Q3_K_S"),
    Row("Nemotron-3-Super Q4_K_XL", "kyuz0", 83.8, 8.33, 14.86, family="nemotron_h_moe"),
)
LLAMA_8B = Facts(
    name="llama3.1:8b",
    size=4_910_000_000,
    family="llama",
    quantisation="Q4_K_M",
    parameters=8_000_000_000,
    kv_bytes=131_072,
    context_length=131_072,
    capabilities=frozenset({"completion", "tools"}),
)
LLAMA_70B = LLAMA_8B.replace(
    name="llama3.1:70b", size=42_510_000_000, parameters=70_600_000_000, kv_bytes=327_680
)
GPT_OSS_20B = Facts(
    name="gpt-oss:20b",
    size=12_100_000_000,
    family="gptoss",
    quantisation="MXFP4",
    parameters=20_900_000_000,
    active_parameters=3_600_000_000,
    kv_bytes=24_576,
    context_length=131_072,
    capabilities=frozenset({"completion", "tools", "thinking"}),
)
GPT_OSS_120B = GPT_OSS_20B.replace(
    name="gpt-oss:120b",
    size=63_400_000_000,
    parameters=116_800_000_000,
    active_parameters=5_100_000_000,
    kv_bytes=36_864,
)
EMBED = Facts(
    name="nomic-embed-text",
    size=274_000_000,
    family="nomic-bert",
    quantisation="F16",
    parameters=137_000_000,
    context_length=2_048,
    capabilities=frozenset({"embedding"}),
)
