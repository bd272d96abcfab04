package dev.bgem3.tokenizer;

/** Grapheme cluster break classes of Unicode 16.0; written by src/unicode/GenerateGraphemeBreakData.java. */
final class GraphemeBreakData {
    /**
     * Ranges in code point order, each {@code first[-last]class} with hexadecimal code points and a class of
     * {@link GraphemeClusters}. Other code points break on both sides, except the Hangul syllables (LV and
     * LVT), whose classes are computed.
     */
    static final String RANGES = """
            0-9C aF b-cC dR e-1fC 7f-9fC a9X adC aeX 300-36fE 483-489E 591-5bdE 5bfE 5c1-5c2E 5c4-5c5E 5c7E
            600-605P 610-61aE 61cC 64b-65fE 670E 6d6-6dcE 6ddP 6df-6e4E 6e7-6e8E 6ea-6edE 70fP 711E 730-74aE
            7a6-7b0E 7eb-7f3E 7fdE 816-819E 81b-823E 825-827E 829-82dE 859-85bE 890-891P 897-89fE 8ca-8e1E
            8e2P 8e3-902E 903S 915-939O 93aE 93bS 93cE 93e-940S 941-948E 949-94cS 94dK 94e-94fS 951-957E
            958-95fO 962-963E 978-97fO 981E 982-983S 995-9a8O 9aa-9b0O 9b2O 9b6-9b9O 9bcE 9beE 9bf-9c0S
            9c1-9c4E 9c7-9c8S 9cb-9ccS 9cdK 9d7E 9dc-9ddO 9dfO 9e2-9e3E 9f0-9f1O 9feE a01-a02E a03S a3cE
            a3e-a40S a41-a42E a47-a48E a4b-a4dE a51E a70-a71E a75E a81-a82E a83S a95-aa8O aaa-ab0O ab2-ab3O
            ab5-ab9O abcE abe-ac0S ac1-ac5E ac7-ac8E ac9S acb-accS acdK ae2-ae3E af9O afa-affE b01E b02-b03S
            b15-b28O b2a-b30O b32-b33O b35-b39O b3cE b3e-b3fE b40S b41-b44E b47-b48S b4b-b4cS b4dK b55-b57E
            b5c-b5dO b5fO b62-b63E b71O b82E bbeE bbfS bc0E bc1-bc2S bc6-bc8S bca-bccS bcdE bd7E c00E
            c01-c03S c04E c15-c28O c2a-c39O c3cE c3e-c40E c41-c44S c46-c48E c4a-c4cE c4dK c55-c56E c58-c5aO
            c62-c63E c81E c82-c83S cbcE cbeS cbf-cc0E cc1S cc2E cc3-cc4S cc6-cc8E cca-ccdE cd5-cd6E ce2-ce3E
            cf3S d00-d01E d02-d03S d15-d3aO d3b-d3cE d3eE d3f-d40S d41-d44E d46-d48S d4a-d4cS d4dK d4eP d57E
            d62-d63E d81E d82-d83S dcaE dcfE dd0-dd1S dd2-dd4E dd6E dd8-ddeS ddfE df2-df3S e31E e33S e34-e3aE
            e47-e4eE eb1E eb3S eb4-ebcE ec8-eceE f18-f19E f35E f37E f39E f3e-f3fS f71-f7eE f7fS f80-f84E
            f86-f87E f8d-f97E f99-fbcE fc6E 102d-1030E 1031S 1032-1037E 1039-103aE 103b-103cS 103d-103eE
            1056-1057S 1058-1059E 105e-1060E 1071-1074E 1082E 1084S 1085-1086E 108dE 109dE 1100-115fL
            1160-11a7V 11a8-11ffT 135d-135fE 1712-1715E 1732-1734E 1752-1753E 1772-1773E 17b4-17b5E 17b6S
            17b7-17bdE 17be-17c5S 17c6E 17c7-17c8S 17c9-17d3E 17ddE 180b-180dE 180eC 180fE 1885-1886E 18a9E
            1920-1922E 1923-1926S 1927-1928E 1929-192bS 1930-1931S 1932E 1933-1938S 1939-193bE 1a17-1a18E
            1a19-1a1aS 1a1bE 1a55S 1a56E 1a57S 1a58-1a5eE 1a60E 1a62E 1a65-1a6cE 1a6d-1a72S 1a73-1a7cE 1a7fE
            1ab0-1aceE 1b00-1b03E 1b04S 1b34-1b3dE 1b3e-1b41S 1b42-1b44E 1b6b-1b73E 1b80-1b81E 1b82S 1ba1S
            1ba2-1ba5E 1ba6-1ba7S 1ba8-1badE 1be6E 1be7S 1be8-1be9E 1bea-1becS 1bedE 1beeS 1bef-1bf3E
            1c24-1c2bS 1c2c-1c33E 1c34-1c35S 1c36-1c37E 1cd0-1cd2E 1cd4-1ce0E 1ce1S 1ce2-1ce8E 1cedE 1cf4E
            1cf7S 1cf8-1cf9E 1dc0-1dffE 200bC 200cN 200dZ 200e-200fC 2028-202eC 203cX 2049X 2060-206fC
            20d0-20f0E 2122X 2139X 2194-2199X 21a9-21aaX 231a-231bX 2328X 2388X 23cfX 23e9-23f3X 23f8-23faX
            24c2X 25aa-25abX 25b6X 25c0X 25fb-25feX 2600-2605X 2607-2612X 2614-2685X 2690-2705X 2708-2712X
            2714X 2716X 271dX 2721X 2728X 2733-2734X 2744X 2747X 274cX 274eX 2753-2755X 2757X 2763-2767X
            2795-2797X 27a1X 27b0X 27bfX 2934-2935X 2b05-2b07X 2b1b-2b1cX 2b50X 2b55X 2cef-2cf1E 2d7fE
            2de0-2dffE 302a-302fE 3030X 303dX 3099-309aE 3297X 3299X a66f-a672E a674-a67dE a69e-a69fE
            a6f0-a6f1E a802E a806E a80bE a823-a824S a825-a826E a827S a82cE a880-a881S a8b4-a8c3S a8c4-a8c5E
            a8e0-a8f1E a8ffE a926-a92dE a947-a951E a952S a953E a960-a97cL a980-a982E a983S a9b3E a9b4-a9b5S
            a9b6-a9b9E a9ba-a9bbS a9bc-a9bdE a9be-a9bfS a9c0E a9e5E aa29-aa2eE aa2f-aa30S aa31-aa32E
            aa33-aa34S aa35-aa36E aa43E aa4cE aa4dS aa7cE aab0E aab2-aab4E aab7-aab8E aabe-aabfE aac1E aaebS
            aaec-aaedE aaee-aaefS aaf5S aaf6E abe3-abe4S abe5E abe6-abe7S abe8E abe9-abeaS abecS abedE
            d7b0-d7c6V d7cb-d7fbT fb1eE fe00-fe0fE fe20-fe2fE feffC ff9e-ff9fE fff0-fffbC 101fdE 102e0E
            10376-1037aE 10a01-10a03E 10a05-10a06E 10a0c-10a0fE 10a38-10a3aE 10a3fE 10ae5-10ae6E 10d24-10d27E
            10d69-10d6dE 10eab-10eacE 10efc-10effE 10f46-10f50E 10f82-10f85E 11000S 11001E 11002S
            11038-11046E 11070E 11073-11074E 1107f-11081E 11082S 110b0-110b2S 110b3-110b6E 110b7-110b8S
            110b9-110baE 110bdP 110c2E 110cdP 11100-11102E 11127-1112bE 1112cS 1112d-11134E 11145-11146S
            11173E 11180-11181E 11182S 111b3-111b5S 111b6-111beE 111bfS 111c0E 111c2-111c3P 111c9-111ccE
            111ceS 111cfE 1122c-1122eS 1122f-11231E 11232-11233S 11234-11237E 1123eE 11241E 112dfE
            112e0-112e2S 112e3-112eaE 11300-11301E 11302-11303S 1133b-1133cE 1133eE 1133fS 11340E
            11341-11344S 11347-11348S 1134b-1134cS 1134dE 11357E 11362-11363S 11366-1136cE 11370-11374E
            113b8E 113b9-113baS 113bb-113c0E 113c2E 113c5E 113c7-113c9E 113caS 113cc-113cdS 113ce-113d0E
            113d1P 113d2E 113e1-113e2E 11435-11437S 11438-1143fE 11440-11441S 11442-11444E 11445S 11446E
            1145eE 114b0E 114b1-114b2S 114b3-114b8E 114b9S 114baE 114bb-114bcS 114bdE 114beS 114bf-114c0E
            114c1S 114c2-114c3E 115afE 115b0-115b1S 115b2-115b5E 115b8-115bbS 115bc-115bdE 115beS
            115bf-115c0E 115dc-115ddE 11630-11632S 11633-1163aE 1163b-1163cS 1163dE 1163eS 1163f-11640E
            116abE 116acS 116adE 116ae-116afS 116b0-116b7E 1171dE 1171eS 1171fE 11722-11725E 11726S
            11727-1172bE 1182c-1182eS 1182f-11837E 11838S 11839-1183aE 11930E 11931-11935S 11937-11938S
            1193b-1193eE 1193fP 11940S 11941P 11942S 11943E 119d1-119d3S 119d4-119d7E 119da-119dbE
            119dc-119dfS 119e0E 119e4S 11a01-11a0aE 11a33-11a38E 11a39S 11a3aP 11a3b-11a3eE 11a47E
            11a51-11a56E 11a57-11a58S 11a59-11a5bE 11a84-11a89P 11a8a-11a96E 11a97S 11a98-11a99E 11c2fS
            11c30-11c36E 11c38-11c3dE 11c3eS 11c3fE 11c92-11ca7E 11ca9S 11caa-11cb0E 11cb1S 11cb2-11cb3E
            11cb4S 11cb5-11cb6E 11d31-11d36E 11d3aE 11d3c-11d3dE 11d3f-11d45E 11d46P 11d47E 11d8a-11d8eS
            11d90-11d91E 11d93-11d94S 11d95E 11d96S 11d97E 11ef3-11ef4E 11ef5-11ef6S 11f00-11f01E 11f02P
            11f03S 11f34-11f35S 11f36-11f3aE 11f3e-11f3fS 11f40-11f42E 11f5aE 13430-1343fC 13440E
            13447-13455E 1611e-16129E 1612a-1612cS 1612d-1612fE 16af0-16af4E 16b30-16b36E 16d63V 16d67-16d6aV
            16f4fE 16f51-16f87S 16f8f-16f92E 16fe4E 16ff0-16ff1E 1bc9d-1bc9eE 1bca0-1bca3C 1cf00-1cf2dE
            1cf30-1cf46E 1d165-1d169E 1d16d-1d172E 1d173-1d17aC 1d17b-1d182E 1d185-1d18bE 1d1aa-1d1adE
            1d242-1d244E 1da00-1da36E 1da3b-1da6cE 1da75E 1da84E 1da9b-1da9fE 1daa1-1daafE 1e000-1e006E
            1e008-1e018E 1e01b-1e021E 1e023-1e024E 1e026-1e02aE 1e08fE 1e130-1e136E 1e2aeE 1e2ec-1e2efE
            1e4ec-1e4efE 1e5ee-1e5efE 1e8d0-1e8d6E 1e944-1e94aE 1f000-1f0ffX 1f10d-1f10fX 1f12fX 1f16c-1f171X
            1f17e-1f17fX 1f18eX 1f191-1f19aX 1f1ad-1f1e5X 1f1e6-1f1ffI 1f201-1f20fX 1f21aX 1f22fX
            1f232-1f23aX 1f23c-1f23fX 1f249-1f3faX 1f3fb-1f3ffE 1f400-1f53dX 1f546-1f64fX 1f680-1f6ffX
            1f774-1f77fX 1f7d5-1f7ffX 1f80c-1f80fX 1f848-1f84fX 1f85a-1f85fX 1f888-1f88fX 1f8ae-1f8ffX
            1f90c-1f93aX 1f93c-1f945X 1f947-1faffX 1fc00-1fffdX e0000-e001fC e0020-e007fE e0080-e00ffC
            e0100-e01efE e01f0-e0fffC
            """;

    private GraphemeBreakData() {}
}
